/** What StashAI adds to a scene's page: two entries of its "…" menu, the Faces tab, and the page's data for dialogs and overlays. */
import * as React from "react";
import { Dropdown, Nav, Tab } from "react-bootstrap";
import { openReview } from "../app";
import type { App, OpenScene } from "../app";
import { Boundary, Mount, useText } from "../context";
import { currentPlayer, seekPaused } from "../host";
import { childKeys, isElement, replaceFirst } from "../lib/tree";
import type { Key } from "../i18n/translate";
import { FacesTab } from "./FacesTab";

export interface ScenePageProps {
  scene: { id: string; title?: string | null; files: { width?: number; height?: number; basename?: string; path?: string }[] };
  queueScenes?: { id: string; title?: string | null }[];
  onQueueNext?: () => void;
  setTimestamp?: (seconds: number) => void;
  children?: React.ReactNode;
}

export const TAB = "stashai-faces-panel";

export const Text: React.FC<{ id: Key }> = ({ id }) => <>{useText()(id)}</>;

function sceneTitle(scene: ScenePageProps["scene"]): string {
  const file = scene.files[0];
  return scene.title || file?.basename || file?.path?.split(/[\\/]/).pop() || "";
}

function isOperationsMenu(node: { props: { children?: React.ReactNode } }): boolean {
  return isElement(node) && childKeys(node).includes("generate");
}

/** The page with our two entries at the top of its operations menu; the page as it was where that menu is not found. */
function withMenu(app: App, props: ScenePageProps, page: React.ReactNode): React.ReactNode {
  return replaceFirst(page, isOperationsMenu, (menu) =>
    React.cloneElement(menu, undefined, ...sceneItems(app, props), ...React.Children.toArray(menu.props.children)),
  );
}

function identifyScene(app: App, scene: ScenePageProps["scene"]): void {
  openReview(app, { type: "scene", id: scene.id, mode: "auto" }, sceneTitle(scene));
}

async function identifyFrame(app: App, scene: ScenePageProps["scene"]): Promise<void> {
  const player = currentPlayer();
  const time = player?.currentTime() ?? 0;
  const session = app.session({ type: "scene", id: scene.id, mode: "frame", time });
  session.start();
  if (player) await seekPaused(player, time);
  app.frame.set({ session, time });
}

function sceneItems(app: App, { scene }: ScenePageProps): React.ReactNode[] {
  const item = (key: string, text: Key, onClick: () => void) => (
    <Dropdown.Item key={key} className="bg-secondary text-white" data-sai={key} onClick={onClick}>
      <Mount app={app}><Text id={text} /></Mount>
    </Dropdown.Item>
  );
  return [item("identify", "identify", () => identifyScene(app, scene)), item("identify-frame", "identifyFrame", () => void identifyFrame(app, scene))];
}

/** Publishes the open scene; renders nothing. */
const Publish: React.FC<{ app: App; props: ScenePageProps }> = ({ app, props }) => {
  const { scene, queueScenes, onQueueNext } = props;
  React.useEffect(() => {
    const file = scene.files[0];
    const open: OpenScene = {
      id: scene.id,
      title: sceneTitle(scene),
      width: file?.width ?? 0,
      height: file?.height ?? 0,
      queue: queueScenes ?? [],
      next: onQueueNext ?? null,
    };
    app.scene.set(open);
  }, [app, scene, queueScenes, onQueueNext]);
  React.useEffect(
    () => () => {
      app.scene.set(null);
      app.frame.set(null);
    },
    [app, scene.id],
  );
  return null;
};

export function afterScenePage(app: App, props: ScenePageProps, page: React.ReactElement): React.ReactElement {
  return (
    <>
      {withMenu(app, props, page)}
      <Boundary><Publish app={app} props={props} /></Boundary>
    </>
  );
}

export function sceneTabs(app: App, props: ScenePageProps): ScenePageProps {
  const tab = (
    <Nav.Item key={TAB}>
      <Nav.Link eventKey={TAB}><Mount app={app} fallback="StashAI"><Text id="faces" /></Mount></Nav.Link>
    </Nav.Item>
  );
  return { ...props, children: <>{props.children}{tab}</> };
}

/** The pane starts Python only when its tab is opened. */
export function sceneTabContent(app: App, props: ScenePageProps): ScenePageProps {
  const pane = (
    <Tab.Pane key={TAB} eventKey={TAB} mountOnEnter unmountOnExit>
      <Mount app={app}><FacesTab type="scene" id={props.scene.id} title={sceneTitle(props.scene)} /></Mount>
    </Tab.Pane>
  );
  return { ...props, children: <>{props.children}{pane}</> };
}
