/**
 * What the Python side says, by its codes: one sentence each, in every language but English, whose words are the Python side's own.
 * A text that names what was not sent along is not used.
 */
import { failures } from "./failures";
import { said } from "./said";

export type Words = readonly [de: string, fr: string, es: string, ja: string, zh: string];

export const LANGUAGES = ["de", "fr", "es", "ja", "zh"];

export const sentences: Record<string, Words | undefined> = { ...failures, ...said };
