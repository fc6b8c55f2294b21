/** The plugin's operations by name, typed. */
import type {
  Accepted, Applied, Comparison, EntityType, Forgotten, Health, JobItem, JobRow, ModelRow, Needs, Opened, PersonRow, Result, RunRow, ServiceRow,
  Settings, SetupStatus, Similar, Statistics, Status, StepAnswer, Undone,
} from "../types";
import type { Said } from "../i18n/translate";
import { oneByOne } from "../lib/order";
import { runOperation, runTask } from "./graphql";
import type { GraphQL } from "./graphql";

export interface Target {
  type: EntityType;
  id: string;
  mode: "auto" | "frame";
  time?: number;
  again?: boolean;
}

export type PeopleFilter = "all" | "without_face" | "choose" | "forgotten";

export function operations(graphql: GraphQL) {
  const run = <T>(op: string, args?: Record<string, unknown>) => runOperation<T>(graphql, op, args);
  // "Not Jane", taken back, then added: each must find what the one before it said.
  const inOrder = oneByOne();
  const said = <T>(op: string, args: Record<string, unknown>) => inOrder(() => run<T>(op, args));
  return {
    health: () => run<Health>("health"),
    status: () => run<Status>("status"),
    setUp: () => run<SetupStatus>("setup", { accept: true }),
    setupStatus: () => run<SetupStatus>("setup_status"),
    identify: (target: Target) => run<Opened | Needs>("identify", { ...target }),
    step: (job: string) => run<StepAnswer>("step", { job }),
    pause: (job: string) => run<unknown>("pause", { job }),
    faces: (type: EntityType, id: string) => run<Result | null>("faces", { type, id }),
    crops: (job: string, keys: string[]) => run<{ crops: Record<string, string> }>("crops", { job, keys }),
    apply: (job: string, accept: Accepted[], gallery?: boolean) => said<Applied>("apply", { job, accept, gallery }),
    undo: (runId: string, preview = false) => run<Undone>("undo", { run: runId, preview }),
    /** All, or those that wrote something to one item. */
    runs: (page: number, entity?: { type: EntityType; id: string }) => run<RunRow[]>("runs", { page, ...entity }),
    decide: (job: string, person: string, verdict: "not" | "skip" | "is" | "none", performerId?: string) =>
      said<unknown>("decide", { job, person, verdict, performer_id: performerId }),
    createPerformer: (job: string, person: string, name: string) =>
      said<{ performer_id: string }>("create_performer", { job, person, name }),
    similar: (performerId: string) => run<Similar[]>("similar", { performer_id: performerId }),
    compare: (a: string, b: string) => run<Comparison>("compare", { a, b }),
    jobs: (page: number, state?: string) => run<{ jobs: JobRow[]; pages: number }>("jobs", { page, state }),
    job: (id: string, page: number) => run<{ job: JobRow; items: JobItem[]; pages: number }>("job", { id, page }),
    cancel: (id: string) => run<unknown>("cancel", { id }),
    retry: (id: string) => run<unknown>("retry", { id }),
    people: (page: number, filter: PeopleFilter, q: string) =>
      run<{ pages: number; people: PersonRow[] }>("people", { page, filter, q }),
    chooseFace: (performerId: string, key: string) => run<unknown>("choose_face", { performer_id: performerId, key }),
    useAsPicture: (performerId: string, key: string) => run<unknown>("use_as_picture", { performer_id: performerId, key }),
    forget: (performerId: string, confirm: string) => run<Forgotten>("forget", { performer_id: performerId, confirm }),
    allow: (performerId: string) => run<unknown>("allow", { performer_id: performerId }),
    wipe: (confirm: string) => run<Forgotten>("wipe", { confirm }),
    statistics: (days: number) => run<Statistics>("statistics", { days }),
    services: () => run<ServiceRow[]>("services"),
    runService: (service: string, params: Record<string, unknown>, there: boolean) => run<JobRow>("run_service", { service, params, there }),
    models: () => run<ModelRow[]>("models"),
    settings: () => run<Settings>("settings"),
    saveSettings: (settings: Settings) => run<Settings>("save_settings", { settings }),
    setToken: (token: string) => run<unknown>("set_token", { token }),
    testWorker: (address?: string) => run<{ ok: boolean; said: Said; version?: string }>("test_worker", { address }),
    /** A selection becomes one task of Stash; the ids travel as text because task arguments must be plain. */
    identifySelected: (type: EntityType, ids: string[], description: string) =>
      runTask(graphql, null, description, { op: "task_identify", type, ids_json: JSON.stringify(ids) }),
    task: (name: string) => runTask(graphql, name, name, {}),
  };
}

export type Operations = ReturnType<typeof operations>;
