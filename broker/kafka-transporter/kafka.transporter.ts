import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Kafka, type KafkaConfig, type KafkaMessage, logLevel } from "kafkajs";
import { Transporters } from "moleculer";
import { notSent, packetLost, tooLarge } from "./errors.ts";
import { GoneInboxes } from "./gone-inboxes.ts";
import { Inbox } from "./inbox.ts";
import { kafkaLogCreator, noDelaySocketFactory } from "./kafka.connection.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { callOf, isChunk, LostPackets, type Outgoing, RESPONSE, readCall } from "./lost-packets.ts";
import { OutageLog } from "./outage-log.ts";
import { Outlet } from "./outlet.ts";
import { type About, Assembler, toMessages } from "./pieces.ts";
import { SendQueue } from "./send-queue.ts";
import { allTopic, inboxTopic } from "./topics.ts";

export interface KafkaTransporterOptions {
  /** host:port of the first brokers to ask. */
  brokers: string[];
  /** TLS, SASL and whatever else kafkajs takes. */
  kafka?: Partial<KafkaConfig>;
  limits?: Partial<Limits>;
}

type Packet = Parameters<Transporters.Base["prepublish"]>[0];

const HEARTBEAT = "HEARTBEAT";
const REOPEN_PAUSE_MS = 500;
const REOPEN_PAUSE_MAX_MS = 2_000;
/** Packets accepted before `disconnect` get this long to leave. */
const FLUSH_MS = 400;
/** kafkajs waits for what it asked of a broker that does not answer; a stopping node does not. */
const CLOSE_MS = 1_000;
/** What is refused first when too much waits; a node that cannot say that it lives would be missed for it. */
const BEGINNINGS: ReadonlySet<string> = new Set(["REQ", "EVENT"]);
/** What a stopping node tells the others: Moleculer waits for it to leave, before and after it stops the services. */
const FAREWELLS: ReadonlySet<string> = new Set(["INFO", "DISCONNECT"]);

/**
 * Moleculer's packets over Kafka, by kafkajs: every node has an inbox topic, and one topic reaches all nodes of the namespace.
 *
 * Packets arrive at most once, in the order in which one node sent them to another (but small ones overtake those in pieces).
 * What cannot be sent fails at once with a retryable error. Needs the rights to create and delete topics that begin with the
 * prefix (`MOL-<namespace>`).
 */
export class KafkaTransporter extends Transporters.Base {
  readonly #brokers: string[];
  readonly #kafkaConfig: Partial<KafkaConfig>;
  readonly #limits: Limits;
  readonly #assembler: Assembler;
  readonly #outage: OutageLog;
  readonly #sender = randomUUID();
  #packets = 0;
  #kafka: Kafka | undefined;
  #outlet: Outlet | undefined;
  #queue: SendQueue | undefined;
  #lost: LostPackets | undefined;
  #inbox: Inbox | undefined;
  #looking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ brokers, kafka = {}, limits = {} }: KafkaTransporterOptions) {
    super({ brokers });
    this.#brokers = brokers;
    this.#kafkaConfig = kafka;
    this.#limits = { ...LIMITS, ...limits };
    this.#assembler = new Assembler(this.#limits, (reason, about) => this.#onDropped(reason, about));
    // Moleculer gives a transporter its logger later.
    this.#outage = new OutageLog({
      debug: (...args) => this.logger.debug(...args),
      info: (...args) => this.logger.info(...args),
      warn: (...args) => this.logger.warn(...args),
    });
  }

  override async connect(): Promise<void> {
    await this.#release();
    this.#closed = false;
    this.#kafka = this.#createKafka();
    this.#outlet = await Outlet.open(this.#kafka);
    this.#queue = new SendQueue(this.#outlet, this.#limits);
    this.#lost = new LostPackets(this.transit);
    this.broker.localBus.on("$node.disconnected", this.#onNodeGone);
    this.#lookForGone(new GoneInboxes(this.#kafka, this.prefix, () => this.#knownNodes()));
    try {
      await this.onConnected();
    } catch (error) {
      this.connected = false;
      throw error;
    }
  }

  override async disconnect(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.connected = false;
    await this.#queue?.close(FLUSH_MS);
    await Promise.race([this.#release({ removeTopic: true }), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  /** Moleculer asks for a topic by packet type; the type travels in a header here, so two topics do for all of them. */
  override async makeSubscriptions(): Promise<void> {
    await this.#openInbox();
  }

  override getTopicName(_cmd: string, nodeID?: string | null): string {
    return nodeID ? inboxTopic(this.prefix, nodeID) : allTopic(this.prefix);
  }

  /** While the inbox is lost Moleculer fails calls, and would drop answers without a word: they may well be sent. */
  override prepublish(packet: Packet): Promise<void> {
    return packet.type === RESPONSE && !this.#closed ? this.publish(packet) : super.prepublish(packet);
  }

  override async send(topic: string, data: Buffer, { packet }: { packet: Outgoing }): Promise<void> {
    const sent = this.#push(topic, data, packet);
    // Moleculer would log an error a second. The next heartbeat says the same.
    if (packet.type === HEARTBEAT) return sent.catch((error: Error) => this.#outage.trouble(error.message));
    if (FAREWELLS.has(packet.type)) return Promise.race([sent, delay(CLOSE_MS, undefined, { ref: false })]);
    return sent.catch((error: Error) => {
      this.#lost?.onUnsent(packet, error);
      throw error;
    });
  }

  async #push(topic: string, data: Buffer, packet: Outgoing): Promise<void> {
    const { maxPacketBytes, pieceBytes } = this.#limits;
    if (data.length > maxPacketBytes) throw tooLarge(data.length, maxPacketBytes);
    if (!this.#queue) throw notSent("The transporter is not connected.");
    const id = () => `${this.#sender}:${this.#packets++}`;
    const messages = toMessages(packet.type, data, pieceBytes, { id, call: callOf(packet, this.nodeID) });
    // Of a stream no more than one chunk waits: its source is paused until it has left.
    const beginsWork = BEGINNINGS.has(packet.type) && !isChunk(packet.payload.seq);
    await this.#queue.push(topic, messages, { usesReserve: !beginsWork });
  }

  override async subscribe(): Promise<void> {}
  override async subscribeBalancedRequest(): Promise<void> {}
  override async subscribeBalancedEvent(): Promise<void> {}

  #createKafka(): Kafka {
    return new Kafka({
      clientId: this.nodeID,
      brokers: this.#brokers,
      connectionTimeout: 3_000,
      requestTimeout: 5_000,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
      socketFactory: noDelaySocketFactory,
      logLevel: logLevel.WARN,
      logCreator: kafkaLogCreator({
        debug: (...args) => this.logger.debug(...args),
        warn: (text, ...details) => this.#outage.trouble(text, ...details),
      }),
      ...this.#kafkaConfig,
    });
  }

  async #openInbox(resume?: ReadonlyMap<string, bigint>): Promise<void> {
    this.#inbox = await Inbox.open(
      {
        kafka: this.#kafka as Kafka,
        ownTopic: inboxTopic(this.prefix, this.nodeID),
        sharedTopic: allTopic(this.prefix),
        onMessage: (message) => this.#onMessage(message),
        onLost: (error) => this.#onInboxLost(error),
      },
      resume,
    );
  }

  #onMessage({ headers, value, offset }: KafkaMessage): void {
    this.#outage.answered();
    const cmd = headers?.cmd?.toString();
    if (!cmd || !value) {
      this.logger.warn(`Ignored what is not a packet, at offset ${offset} of a topic of packets.`);
      return;
    }
    const piece = headers?.piece?.toString();
    const data = piece ? this.#assembler.add(piece, value, { cmd, call: readCall(headers?.call) }) : value;
    if (!data) return;
    Promise.resolve(this.receive(cmd, data)).catch((error) => this.logger.error(`Packet ${cmd} failed.`, error));
  }

  #onDropped(reason: string, { cmd, call }: About): void {
    this.logger.warn(`Dropped a packet ${cmd}${call ? ` from ${call.from}` : ""}: ${reason}.`);
    if (call) this.#lost?.onLost(cmd, call, packetLost(reason));
  }

  /** Until the inbox is open again no call would get its answer: they fail at once. */
  async #onInboxLost(error: Error): Promise<void> {
    const lostAt = performance.now();
    const lost = this.#inbox;
    this.#inbox = undefined;
    this.connected = false;
    this.#outage.trouble(`the inbox is lost: ${error.message}`);
    // Not waited for: without Kafka it takes many seconds, and the next inbox is a member of its own.
    this.#quietly(lost?.close());
    for (let pause = REOPEN_PAUSE_MS; !this.#closed; pause = Math.min(2 * pause, REOPEN_PAUSE_MAX_MS)) {
      await delay(pause, undefined, { ref: false });
      const isStale = performance.now() - lostAt > this.#limits.staleAfterMs;
      try {
        if (this.#closed) return;
        await this.#openInbox(isStale ? undefined : lost?.positions);
        if (this.#closed) return await this.#release({ removeTopic: true });
        this.logger.debug("The inbox is open again.");
        await this.onConnected(true);
        return;
      } catch (reason) {
        this.logger.debug("Kafka is still away.", reason);
      }
    }
  }

  #lookForGone(inboxes: GoneInboxes): void {
    const look = async () => {
      // Whoever hears nobody knows of nobody.
      if (!this.connected) return;
      const gone = await inboxes.look();
      if (gone.length > 0) this.logger.info(`Removed the inboxes of nodes long gone: ${gone.join(", ")}.`);
    };
    this.#looking = setInterval(() => this.#quietly(look()), this.#limits.lookForGoneMs).unref();
  }

  #knownNodes(): string[] {
    const nodes: { id: string; available: boolean }[] = this.broker.registry.nodes.toArray();
    return nodes.filter(({ available }) => available).map(({ id }) => id);
  }

  /** A node that was only missed has left its inbox behind: to renew for it, while Kafka may be what is missing, helps nobody. */
  readonly #onNodeGone = ({ node, unexpected }: { node: { id: string }; unexpected: boolean }): void => {
    this.#queue?.forget(inboxTopic(this.prefix, node.id));
    if (!unexpected) this.#outlet?.renew();
  };

  /** Closes whatever is open, each on its own, so that one failure leaves nothing behind. */
  async #release({ removeTopic = false } = {}): Promise<void> {
    this.broker.localBus.off("$node.disconnected", this.#onNodeGone);
    clearInterval(this.#looking);
    this.#assembler.clear();
    await Promise.all([this.#quietly(this.#inbox?.close({ removeTopic })), this.#quietly(this.#outlet?.close())]);
    this.#inbox = undefined;
    this.#outlet = undefined;
    this.#queue = undefined;
  }

  async #quietly(work: Promise<unknown> | undefined): Promise<void> {
    await work?.catch((error: Error) => this.logger.debug("Kafka:", error));
  }
}
