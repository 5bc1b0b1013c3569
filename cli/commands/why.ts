import { bookingStory } from "../inspect/booking-story.ts";
import { inspectionCommand } from "../inspect/command.ts";
import { type Inspection, id } from "../inspect/inspection.ts";
import { why as sentenceOf } from "../inspect/why.ts";

export const why: Inspection = {
  name: "why",
  description: "Say why a booking is as it is.",
  arguments: [id("booking")],
  services: ["booking"],
  async run(cluster, bookingId) {
    const story = await bookingStory(cluster, bookingId as string);
    const sentence = sentenceOf(story, new Date());
    const { id, status, reason } = story.booking;
    return { json: { id, status, reason, why: sentence, unavailable: story.unavailable }, text: `${sentence}\n` };
  },
};

export const whyCommand = () => inspectionCommand(why);
