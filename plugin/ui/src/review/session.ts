/**
 * One look at a scene, image or gallery: asks for the job, then calls step after step while somebody watches. It lives outside of
 * React, so that a dialog that is closed and opened again, the overlay and the next scene's preparation share it.
 */
import type { Operations, Target } from "../api/operations";
import { asFailure, Failure } from "../api/graphql";
import { inPlace } from "../lib/order";
import { LEAST_WAIT, waitAfter } from "../lib/pace";
import type { Pace } from "../lib/pace";
import type { Said } from "../i18n/translate";
import { createStore } from "../lib/store";
import type { JobRow, Needs, Opened, Result, SetupPlan, SetupStatus } from "../types";

export interface SessionState {
  phase: "idle" | "starting" | "asking" | "installing" | "working" | "paused" | "done" | "failed";
  job: JobRow | null;
  result: Result | null;
  plan: SetupPlan | null;
  setup: SetupStatus | null;
  failure: Failure | null;
  /** Why a step did nothing, as another look at work. */
  waiting: Said | null;
  /** Why this Stash does what another computer was to do. */
  notice: Said | null;
}

type Chain = Pick<Operations, "identify" | "step" | "pause" | "setUp" | "setupStatus">;

const INITIAL: SessionState = { phase: "idle", job: null, result: null, plan: null, setup: null, failure: null, waiting: null, notice: null };

export function createSession(ops: Chain, target: Target, pace: Pace) {
  const store = createStore<SessionState>(INITIAL);
  const update = (change: Partial<SessionState>) => store.set({ ...store.get(), ...change });
  // Each start makes older chains stale: their answers no longer count.
  let turn = 0;

  async function chain(mine: number, again: boolean): Promise<void> {
    const current = () => mine === turn;
    try {
      const known = again ? null : store.get().job;
      const job: Opened | Needs = known ?? (await ops.identify({ ...target, ...(again ? { again } : {}) }));
      if (!current()) return;
      if ("needs" in job) return update({ phase: "asking", plan: job.needs.setup });
      update({ job, result: job.result ?? store.get().result, phase: "working", failure: null, waiting: null });
      for (;;) {
        await pace.visible();
        if (!current()) return;
        const began = pace.now();
        const answer = await ops.step(job.id);
        if (!current()) return;
        const { job: oldJob, result: before } = store.get();
        const result = answer.result ? inPlace(before, answer.result) : before;
        update({ job: answer.job ?? oldJob, result, waiting: answer.waiting ? answer.said ?? null : null, notice: answer.notice_said?.text ? answer.notice_said : null });
        if (answer.needs?.setup) return update({ phase: "asking", plan: answer.needs.setup });
        if (answer.job?.state === "failed") {
          const error = answer.job.error ?? { code: "failed", message: answer.job.said?.text ?? "" };
          return update({ phase: "failed", failure: new Failure(error) });
        }
        if (!answer.more) return update({ phase: "done" });
        await pace.sleep(waitAfter(began, pace.now()));
        if (!current()) return;
      }
    } catch (error) {
      if (current()) update({ phase: "failed", failure: asFailure(error) });
    }
  }

  async function install(mine: number): Promise<void> {
    try {
      update({ phase: "installing", setup: { state: "running", fraction: 0 } });
      await ops.setUp();
      for (;;) {
        await pace.sleep(LEAST_WAIT);
        await pace.visible();
        if (mine !== turn) return;
        const setup = await ops.setupStatus();
        if (mine !== turn) return;
        update({ setup });
        if (setup.state === "done") return await chain(mine, false);
        if (setup.state === "failed") {
          return update({ phase: "failed", failure: new Failure({ code: setup.said?.code || "setup", message: setup.message ?? "", remedy: setup.remedy, params: setup.said?.params }) });
        }
      }
    } catch (error) {
      if (mine === turn) update({ phase: "failed", failure: asFailure(error) });
    }
  }

  return {
    target,
    store,
    /** Starts or goes on. `again` looks anew, whatever is known. */
    start(again = false) {
      const { phase } = store.get();
      if (!again && ["starting", "working", "installing", "done"].includes(phase)) return;
      update({ phase: phase === "asking" && !again ? "asking" : "starting", failure: null });
      if (store.get().phase === "starting") void chain(++turn, again);
    },
    acceptSetup() {
      void install(++turn);
    },
    /** Nobody watches any more: the row waits until it is opened again. */
    pause() {
      const { phase, job } = store.get();
      if (phase !== "working" && phase !== "starting") return;
      turn += 1;
      update({ phase: "paused" });
      if (job) ops.pause(job.id).catch(() => undefined);
    },
  };
}

export type Session = ReturnType<typeof createSession>;
