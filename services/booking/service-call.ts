/** Calls another service's action in booking's own name; rejects with its error, a retryable one when it is away. */
export type ServiceCall = <T>(action: string, params: object) => Promise<T>;
