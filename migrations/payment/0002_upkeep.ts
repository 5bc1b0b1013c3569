export { divideProcessedEvents as up, undivideProcessedEvents as down } from "../facts.tables.ts";
