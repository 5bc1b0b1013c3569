import { currency, type Infer, instant, minor } from "./schema.ts";

/** POST /webhooks/payments as it reaches payment: what was signed, byte for byte, and by what. */
export const RECEIVE_EVENT = {
  $$strict: true,
  "webhook-id": {
    type: "string",
    max: 255,
    optional: true,
    description: "The event: the same however often it is sent.",
    example: "evt_2Zq7dN4x",
  },
  "webhook-timestamp": {
    type: "string",
    max: 32,
    optional: true,
    description: "When it was sent this time, in epoch seconds; five minutes ago at most.",
    example: "1819900800",
  },
  "webhook-signature": {
    type: "string",
    max: 4_096,
    optional: true,
    description:
      "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several with a space between while secrets change.",
    example: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
  payload: { type: "string", max: 100_000, description: "The body's bytes as base64.", example: "e30=" },
} as const;
export type ReceiveEvent = Infer<typeof RECEIVE_EVENT>;

/** What a provider may call its charges, and say why one failed. */
export const PROVIDER_REF = /^[!-~]{1,200}$/;
export const FAILURE_REASON = /^[A-Z0-9_]{1,64}$/;

/** What a provider tells. Fields that are not named here are not looked at: providers add some. */
export const PAYMENT_EVENT = {
  type: {
    type: "string",
    max: 100,
    description: "`charge.succeeded` or `charge.failed`; any other is taken and not looked at.",
    example: "charge.succeeded",
  },
  timestamp: { ...instant, description: "When it happened." },
  data: {
    type: "object",
    description: "The charge it is about.",
    props: {
      key: {
        type: "string",
        max: 100,
        description: "What the charge was opened with.",
        example: "019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e:1",
      },
      providerRef: {
        type: "string",
        pattern: PROVIDER_REF,
        messages: { stringPattern: "must be 1 to 200 visible ASCII characters" },
        description: "The provider's id of the charge.",
        example: "ch_5pJXN8AQM9LW",
      },
      amountMinor: { ...minor, description: "What was taken, or was to be, in minor units." },
      currency,
      reason: {
        type: "string",
        pattern: FAILURE_REASON,
        messages: { stringPattern: "must be capital letters, digits and _, like CARD_DECLINED" },
        optional: true,
        description: "Why it failed.",
        example: "CARD_DECLINED",
      },
    },
  },
} as const;
export type PaymentEvent = Infer<typeof PAYMENT_EVENT>;

/** Sent again, an event is answered as it was the first time. */
export const EVENT_RECEIPT = {
  id: { type: "string", description: "The event.", example: "evt_2Zq7dN4x" },
} as const;
export type EventReceipt = Infer<typeof EVENT_RECEIPT>;
