import { bookingStory } from "../inspect/booking-story.ts";
import { bookingText } from "../inspect/booking-text.ts";
import { inspectionCommand } from "../inspect/command.ts";
import { type Inspection, id } from "../inspect/inspection.ts";
import { why } from "../inspect/why.ts";

export const booking: Inspection = {
  name: "booking",
  description: "Show a booking, its facts and payment.",
  arguments: [id("id")],
  services: ["booking"],
  async run(cluster, bookingId) {
    const story = await bookingStory(cluster, bookingId as string);
    const now = new Date();
    return { json: { ...story, why: why(story, now) }, text: bookingText(story, now) };
  },
};

export const bookingCommand = () => inspectionCommand(booking);
