export { KafkaTransporter, type KafkaTransporterOptions } from "./kafka.transporter.ts";
export { LIMITS, type Limits } from "./limits.ts";
