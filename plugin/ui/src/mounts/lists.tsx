/** "Identify people in selection" on list pages: Stash 0.30 and 0.31 offer it in different places, each used where it is. */
import * as React from "react";
import type { App } from "../app";
import { replaceFirst } from "../lib/tree";
import { selectedOnPage } from "../lib/selection";
import type { EntityType } from "../types";

interface Operation {
  text: string;
  onClick: (...args: never[]) => unknown;
  isDisplayed?: (...args: never[]) => boolean;
  className?: string;
}

export interface SceneOperations {
  hasSelection?: boolean;
  operations?: Operation[];
}

export interface ListProps {
  extraOperations?: Operation[];
}

export interface Notify {
  success(text: string): void;
  error(error: unknown): void;
}

/** Queues the selection as one of Stash's tasks. */
export async function identifySelected(app: App, notify: Notify, type: EntityType, ids: string[]): Promise<void> {
  const t = app.t.get();
  if (ids.length === 0) return;
  try {
    await app.ops.identifySelected(type, ids, t("identifySelected"));
    notify.success(t("queued", { n: ids.length }));
  } catch (error) {
    notify.error(error);
  }
}

const ours = (operations: Operation[], text: string) => operations.some((one) => one.text === text);

/** 0.30, scenes: the operations get no ids, so they are read from the ticked items. */
export function sceneListOperations(app: App, notify: Notify, props: SceneOperations): SceneOperations {
  const text = app.t.get()("identifySelected");
  const before = props.operations ?? [];
  if (ours(before, text)) return props;
  const operation: Operation = {
    text,
    onClick: () => identifySelected(app, notify, "scene", selectedOnPage("scene")),
    isDisplayed: () => !!props.hasSelection,
  };
  return { ...props, operations: [operation, ...before] };
}

/** 0.30, images and galleries: an operation is given the selected ids. */
export function listOperations(app: App, notify: Notify, type: EntityType, props: ListProps): ListProps {
  const text = app.t.get()("identifySelected");
  const before = props.extraOperations ?? [];
  if (ours(before, text)) return props;
  const operation: Operation = {
    text,
    onClick: (_result: never, _filter: never, ids: never) => identifySelected(app, notify, type, [...(ids as Iterable<string>)]),
    isDisplayed: (_result: never, _filter: never, ids: never) => (ids as Set<string>).size > 0,
  };
  return { ...props, extraOperations: [...before, operation] };
}

interface ListSelect {
  selectedIds: Set<string>;
}

/** 0.31: the toolbar of a filtered list holds the selection and the element that shows the operations. */
export function filteredList(app: App, notify: Notify, type: EntityType, page: React.ReactNode): React.ReactNode {
  const text = app.t.get()("identifySelected");
  return replaceFirst(
    page,
    ({ props }) => !!props.listSelect && React.isValidElement(props.operationComponent),
    (toolbar) => {
      const { selectedIds } = toolbar.props.listSelect as ListSelect;
      const component = toolbar.props.operationComponent as React.ReactElement<{ operations?: Operation[] }>;
      const before = component.props.operations ?? [];
      if (ours(before, text)) return toolbar;
      const operation: Operation = {
        text,
        onClick: () => identifySelected(app, notify, type, [...selectedIds]),
        isDisplayed: () => selectedIds.size > 0,
      };
      return React.cloneElement(toolbar, { operationComponent: React.cloneElement(component, { operations: [operation, ...before] }) });
    },
  );
}
