/** What the operations of the plugin's Python side take and answer. Times are seconds, boxes pixels of their frame, ids Stash's. */

import type { Params, Said } from "./i18n/translate";

export type EntityType = "scene" | "image" | "gallery";

export interface OperationError {
  code: string;
  message: string;
  remedy?: string;
  params?: Params;
}

export interface JobRow {
  id: string;
  title: string;
  state: "pending" | "processing" | "completed" | "failed" | "cancelled" | "paused";
  progress: number;
  done: number;
  total: number;
  failed: number;
  /** Where it stands or why it ended. */
  said?: Said;
  error?: OperationError | null;
  /** Times are seconds since 1970 or ISO text. */
  created?: string | number;
  started?: string | number | null;
  ended?: string | number | null;
  entity?: { type: EntityType; id: string; name: string } | null;
}

export interface Candidate {
  performer_id: string;
  name: string;
  probability: number;
}

export interface Box {
  /** null in pictures, which have no time. */
  time: number | null;
  x: number;
  y: number;
  w: number;
  h: number;
  frame_w: number;
  frame_h: number;
}

export interface SeenIn {
  image_id: string;
  crop_key: string;
  probability?: number;
}

export interface Row {
  key: string;
  state: "proposed" | "ticked" | "applied" | "rejected" | "skipped";
  performer_id?: string | null;
  name?: string | null;
  probability?: number | null;
  tagged: boolean;
  crop?: string | null;
  reference?: string | null;
  best_time?: number | null;
  times: number[];
  spans: { start: number; end: number }[];
  frames: number;
  candidates: Candidate[];
  boxes: Box[];
  images?: SeenIn[];
}

export interface Result {
  provisional: boolean;
  source: string;
  duration?: number | null;
  width?: number | null;
  height?: number | null;
  compared?: { done: number; total: number } | null;
  note?: string | null;
  people: Row[];
  unknown: Row[];
}

export interface SetupPlan {
  download_mb: number;
  folder: string;
  parts: { name: string; mb: number; from: string }[];
}

export interface SetupStatus {
  state: "idle" | "running" | "done" | "failed";
  fraction: number;
  message?: string;
  said?: Said;
  remedy?: string;
  plan?: SetupPlan;
}

/** A job that was opened, with what earlier looks came to. */
export interface Opened extends JobRow {
  result?: Result | null;
}

/** Instead of a job: what must be installed first. */
export interface Needs {
  job: null;
  needs: { setup: SetupPlan };
}

export interface StepAnswer {
  job: JobRow | null;
  result: Result | null;
  more: boolean;
  needs?: { setup?: SetupPlan } | null;
  /** Nothing was done this time, as another look is at work; `said` says why. */
  waiting?: string;
  said?: Said;
  /** Why this Stash does what another computer was to do. */
  notice_said?: Said;
}

export interface Accepted {
  person: string;
  performer_id: string;
  images?: boolean;
}

export interface Applied {
  /** null when nothing was new. */
  run: string | null;
  added: { performer_id: string; name: string }[];
  already: { performer_id: string; name: string }[];
  message?: string;
}

export interface Undone {
  count: number;
  name: string;
  names?: string[];
  /** What is not taken back, and why. */
  stays: Said[];
}

export interface RunRow {
  run: string;
  when: string | number;
  /** In English; `names`, `created` and `about` say the same. */
  title: string;
  names?: string[];
  /** Performers that the run made. */
  created?: string[];
  about?: string;
  count: number;
  /** How many of its changes were taken back. */
  undone: number;
}

export interface JobItem {
  key: string;
  name: string;
  type?: EntityType;
  id?: string;
  state: string;
  people?: { name: string; probability: number }[];
  /** What a service that somebody added says of it. */
  told?: string;
  error?: OperationError | null;
}

export interface PersonRow {
  performer_id: string;
  name: string;
  references: number;
  reason?: string;
  /** The code of the reason. */
  why?: string;
  choices?: { key: string; crop: string }[];
  /** A face learned from scenes that could become the performer's picture. */
  picture?: { key: string; crop: string } | null;
}

export interface Similar extends Candidate {
  similarity: number;
}

export interface Comparison {
  scores: { model: string; similarity: number }[];
  probability: number;
  crops: (string | null)[];
}

export interface Statistics {
  jobs: { day: string; ok: number; failed: number; cancelled: number; items: number; seconds: number }[];
  confidence: { bin: number; count: number }[];
  means: { day: string; mean: number }[];
}

export interface ServiceRow {
  name: string;
  type: string;
  where: string;
  state: string;
  capabilities: string[];
  message?: string;
  /** Why it is not well. */
  said?: Said;
  /** Of one that somebody added and that can be run: by name what is taken when nothing is said. */
  parameters?: Record<string, unknown> | null;
}

export interface ModelRow {
  id: string;
  role: string;
  state: string;
  size_mb: number;
}

export interface Health {
  version: string;
  python: string;
  libc: string;
  arch: string;
  runtime: { state: "ready" | "missing" | "installing" | "failed"; size_mb?: number; folder?: string; message?: string; said?: Said };
  models: ModelRow[];
  where: { mode: "local" | "worker" | "unavailable"; code?: string; reason?: string; remedy?: string };
  data_folder: string;
  people: number;
  references: number;
}

export interface Status {
  running: JobRow[];
  learned?: { done: number; total: number } | null;
  setup?: SetupStatus | null;
}

export interface Settings {
  run_on: "auto" | "local" | "worker";
  worker: { address: string; has_token: boolean };
  suggest_from: number;
  add_from: number;
  auto_from: number | null;
  profile: "fast" | "balanced" | "thorough";
  learn: { performer_images: boolean; tagged_images: boolean; scenes: boolean };
  data_folder: string;
  wait: boolean;
  [extra: string]: unknown;
}

/** `worker`: why the paired computer could not be told to forget yet, empty when it was. */
export interface Forgotten {
  worker?: string;
}
