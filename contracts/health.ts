import { count, type Infer, instant, uuid } from "./schema.ts";

/**
 * What is well and what is not. Every service offers an action `<service>.health` (`ops:read`, no params) that answers with a
 * NodeHealth: that of the whole node it runs on, so one call a node is enough. `GET /health` answers with a ClusterHealth.
 * All of it is public: names and numbers, nothing of our inside.
 */

/** Something outside of the process that services need. */
export const DEPENDENCY = {
  name: {
    type: "enum",
    values: ["postgres", "redis", "kafka", "issuer"],
    description: "What it is. The issuer is whoever signs the tokens.",
    example: "postgres",
  },
  service: {
    type: "string",
    nullable: true,
    description: "The service of the node that needs it; null for what all of them need.",
    example: "booking",
  },
  state: { type: "enum", values: ["up", "down"], description: "Whether it answers.", example: "up" },
  required: { type: "boolean", description: "Whether the node is not ready while it is down.", example: true },
  latencyMs: {
    type: "number",
    min: 0,
    nullable: true,
    description: "How long its last answer took; null while it is down.",
    example: 0.6,
  },
  since: { ...instant, description: "Since when it is in this state.", example: "2027-01-15T18:00:00.000Z" },
} as const;
export type Dependency = Infer<typeof DEPENDENCY>;

/** Why a partition does not move on. */
export const STUCK = {
  offset: { type: "string", description: "Where the batch begins that cannot be applied.", example: "4711" },
  factId: {
    ...uuid,
    nullable: true,
    description: "The fact at that offset; null for a record that is none.",
    example: "019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e",
  },
  reason: {
    type: "string",
    description: "What it waits for, in one sentence; the node's log says more.",
    example: "connection lost, server starting or stopping",
  },
  since: { ...instant, description: "Since when.", example: "2027-01-15T18:00:00.000Z" },
} as const;
export type Stuck = Infer<typeof STUCK>;

/** A partition that this node reads for a consumer group. */
export const CONSUMED_PARTITION = {
  group: { type: "string", description: "The consumer group.", example: "eventix.payment.booking-created" },
  topic: { type: "string", description: "The topic.", example: "booking.created" },
  partition: { ...count, description: "The partition.", example: 0 },
  lag: {
    ...count,
    nullable: true,
    description: "Facts on the partition that are not applied yet; null while Kafka does not say.",
    example: 0,
  },
  stuckOn: {
    type: "object",
    props: STUCK,
    nullable: true,
    description: "What it waits for, or null when it moves on.",
  },
} as const;
export type ConsumedPartition = Infer<typeof CONSUMED_PARTITION>;

export const NODE_HEALTH = {
  nodeId: { type: "string", description: "The node.", example: "booking-1" },
  ready: {
    type: "boolean",
    description: "Whether it is migrated, connected and consuming, and has all that it requires.",
    example: true,
  },
  dependencies: {
    type: "array",
    items: { type: "object", props: DEPENDENCY },
    description: "What its services need from outside.",
  },
  consumers: {
    type: "array",
    items: { type: "object", props: CONSUMED_PARTITION },
    description: "The partitions it reads.",
  },
} as const;
export type NodeHealth = Infer<typeof NODE_HEALTH>;

/** `data` of GET /health: what the gateway that was asked sees of the cluster. */
export const CLUSTER_HEALTH = {
  status: {
    type: "enum",
    values: ["ok", "degraded"],
    description: "Degraded when a service is missing, a node is not ready or does not say, or a partition is stuck.",
    example: "ok",
  },
  uptimeSeconds: { ...count, description: "Of the gateway that answers.", example: 3600 },
  services: {
    type: "record",
    key: { type: "string" },
    value: { type: "boolean" },
    description: "Whether each service that a route needs is offered by some node.",
    example: { catalog: true, booking: true, payment: true },
  },
  nodes: {
    type: "array",
    items: { type: "object", props: NODE_HEALTH },
    description: "What each node tells of itself.",
  },
  silent: {
    type: "array",
    items: { type: "string" },
    description: "Nodes that offer a service and did not tell their health in time.",
    example: [],
  },
} as const;
export type ClusterHealth = Infer<typeof CLUSTER_HEALTH>;
