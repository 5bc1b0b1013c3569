import type { EventResponse } from "#contracts/catalog.ts";
import type { InspectedEvent } from "#contracts/inspection.ts";
import { AskError, noEvent } from "../inspect/ask.ts";
import { inspectionCommand } from "../inspect/command.ts";
import { eventText } from "../inspect/event-text.ts";
import { type Inspection, id } from "../inspect/inspection.ts";

export const event: Inspection = {
  name: "event",
  description: "Show an event, its seats and bookings.",
  arguments: [id("id")],
  services: ["booking", "catalog"],
  async run({ ask }, eventId) {
    const id = eventId as string;
    const published = await ask<EventResponse>(
      "catalog.getEvent",
      { id },
      { refusals: { EVENT_NOT_FOUND: noEvent(id) } },
    );
    const shelf = await ask<InspectedEvent>("booking.inspectEvent", { eventId: id }).catch((error: unknown) => {
      if (error instanceof AskError && error.code === "EVENT_NOT_FOUND") return null;
      throw error;
    });
    return { json: { ...published, shelf }, text: eventText(published, shelf) };
  },
};

export const eventCommand = () => inspectionCommand(event);
