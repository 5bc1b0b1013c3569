/** Attempt n of a payment, as its charge is called at the provider: the same name is the same charge. */
export const chargeKey = (paymentId: string, number: number): string => `${paymentId}:${number}`;

const KEY = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9]\d{0,5})$/;

/** The attempt that a charge was opened for; undefined for a key that is none of ours. */
export function attemptOf(key: string): { paymentId: string; number: number } | undefined {
  const [, paymentId, number] = KEY.exec(key) ?? [];
  return paymentId === undefined ? undefined : { paymentId, number: Number(number) };
}
