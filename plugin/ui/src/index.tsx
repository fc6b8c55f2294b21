/** Where Stash meets us: every patch of its interface in one list. A patch that fails leaves Stash's page as it was. */
import * as React from "react";
import { createApp } from "./app";
import type { App } from "./app";
import { Mount } from "./context";
import { PAGE, PLUGIN_ID } from "./host";
import { filteredList, listOperations, sceneListOperations } from "./mounts/lists";
import type { ListProps, Notify, SceneOperations } from "./mounts/lists";
import { withNavEntry } from "./mounts/nav";
import { afterScenePage, sceneTabContent, sceneTabs } from "./mounts/scene";
import type { ScenePageProps } from "./mounts/scene";
import { Page } from "./page/Page";
import { SettingsForm } from "./settings/SettingsForm";
import "./style.css";

type Props = Record<string, unknown> & { children?: React.ReactNode };
type Rendered = React.ReactElement;

/** Toasts outside of a component's render: the always-mounted part hands its toast over. */
function notifier(app: App): Notify {
  return {
    success: (text) => app.toast.get()?.success(text),
    error: (error) => app.toast.get()?.error(error),
  };
}

function guarded<T>(name: string, work: () => T, fallback: T): T {
  try {
    return work();
  } catch (error) {
    console.error(`StashAI: ${name}`, error);
    return fallback;
  }
}

export function install(app: App): void {
  const { patch, register } = window.PluginApi;
  const notify = notifier(app);

  const before = <P,>(name: string, change: (props: P) => P) => {
    patch.before(name, (props: P, ...rest: unknown[]) => [guarded(name, () => change(props), props), ...rest]);
  };
  const after = <P,>(name: string, change: (props: P, result: Rendered) => React.ReactNode) => {
    // Called with (props, context, result); an original that answers nothing leaves it out.
    patch.after(name, (props: P, _context: unknown, result: Rendered) => guarded(name, () => (result ? change(props, result) : result), result));
  };

  before<Props>("MainNavBar.MenuItems", (props) => ({ ...props, children: withNavEntry(app, props.children) }));
  before<ScenePageProps>("ScenePage.Tabs", (props) => sceneTabs(app, props));
  before<ScenePageProps>("ScenePage.TabContent", (props) => sceneTabContent(app, props));
  after<ScenePageProps>("ScenePage", (props, page) => afterScenePage(app, props, page));

  before<SceneOperations>("SceneListOperations", (props) => sceneListOperations(app, notify, props));
  before<ListProps>("ImageList", (props) => listOperations(app, notify, "image", props));
  before<ListProps>("GalleryList", (props) => listOperations(app, notify, "gallery", props));
  after<Props>("FilteredSceneList", (_props, page) => filteredList(app, notify, "scene", page));
  after<Props>("FilteredImageList", (_props, page) => filteredList(app, notify, "image", page));
  after<Props>("FilteredGalleryList", (_props, page) => filteredList(app, notify, "gallery", page));

  patch.instead("PluginSettings", (props: Props, ...rest: unknown[]) => {
    const next = rest[rest.length - 1] as (props: Props) => Rendered;
    return props.pluginID === PLUGIN_ID ? <Mount app={app} fallback={next(props)}><SettingsForm /></Mount> : next(props);
  });
  register.route(PAGE, () => <Mount app={app}><Page /></Mount>);
}

guarded("install", () => install(createApp()), undefined);
