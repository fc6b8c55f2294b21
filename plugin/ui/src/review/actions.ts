/** What a review does to Stash: applies, takes back, goes on to the next. Every write offers its undo at once. */
import type { App } from "../app";
import type { ToastApi } from "../host";
import type { Accepted, Applied } from "../types";

const UNDO_SHOWN = 10_000;

/** An edit form with changes that are not saved: its Save button can be pressed. */
export function unsavedForm(doc: Document = document): boolean {
  return !!doc.querySelector(".edit-buttons-container .edit-button.btn-primary:not([disabled]):not(.disabled)");
}

const DOCUMENTS = ["FindSceneDocument", "FindImageDocument", "FindGalleryDocument"];

/** Reads the open page anew after a write; a failure to do so is not the write's. */
async function refreshPage(app: App): Promise<void> {
  app.changes.set(app.changes.get() + 1);
  await app.graphql.refetch(DOCUMENTS).catch((error: unknown) => console.warn("StashAI", error));
}

export async function undoRun(app: App, toast: ToastApi, run: string): Promise<void> {
  try {
    const undone = await app.ops.undo(run);
    const t = app.t.get();
    toast.success([t("undone", { n: undone.count }), ...undone.stays.map(t.said)].join(" "));
    await refreshPage(app);
  } catch (error) {
    toast.error(error);
  }
}

export async function apply(app: App, job: string, accept: Accepted[], gallery: boolean | undefined): Promise<Applied> {
  const applied = await app.ops.apply(job, accept, gallery);
  await refreshPage(app);
  return applied;
}

export function addedText(app: App, applied: Applied): string {
  const t = app.t.get();
  if (applied.added.length === 0) return t("nothingAdded");
  return t("added", { names: t.list([...new Set(applied.added.map((one) => one.name))]) });
}

export { UNDO_SHOWN };
