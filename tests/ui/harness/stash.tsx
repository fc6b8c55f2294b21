/**
 * A page that offers `window.PluginApi` as Stash 0.30 and 0.31 do: the true versions of React, Bootstrap, Apollo, react-router and
 * react-intl, the same order of before, instead and after, and pages with the DOM of Stash's. The plugin's built script is loaded
 * into it as Stash loads it: a classic script, before the app renders.
 */
import * as Apollo from "@apollo/client";
import Mousetrap from "mousetrap";
import MousetrapPause from "mousetrap-pause";
import * as React from "react";
import * as Bootstrap from "react-bootstrap";
import ReactDOM from "react-dom";
import * as Intl from "react-intl";
import * as ReactRouterDOM from "react-router-dom";
import { player } from "./player";

const { Button, Dropdown, Form, Nav, Navbar, Tab, Toast } = Bootstrap;
const { BrowserRouter, Link, Route, Switch, useHistory, useParams } = ReactRouterDOM;

/* ---- patches: called with (props, context); `after` gets the result as its third argument, an array result is spread ---- */
type Fn = (...args: any[]) => any;
const patches: Record<"before" | "instead" | "after", Record<string, Fn[]>> = { before: {}, instead: {}, after: {} };
const components: Record<string, Fn> = {};
const add = (kind: keyof typeof patches) => (name: string, fn: Fn) => void (patches[kind][name] ??= []).push(fn);

function patched<P>(name: string, original: (props: P, context?: unknown) => any): React.FC<any> {
  const proxy = new Proxy(original, {
    apply(target, context, args: any[]) {
      let current = args;
      for (const fn of patches.before[name] ?? []) current = fn.apply(context, current);
      const chain = patches.instead[name] ?? [];
      const call = (index: number): Fn => (index >= chain.length ? (target as Fn) : (...given: any[]) => chain[index]!(...given, call(index + 1)));
      let result = chain.length ? call(0)(...current) : (target as Fn).apply(context, current);
      for (const fn of patches.after[name] ?? []) result = fn.apply(context, current.concat(result));
      return result;
    },
  });
  components[name] = proxy;
  return proxy as unknown as React.FC<any>;
}
const container = (name: string) => patched(name, ({ children }: any) => <>{children}</>);

/* ---- Stash's toast: one at a time ---- */
const ToastContext = React.createContext<(item: any) => void>(() => undefined);
const ToastProvider: React.FC = ({ children }) => {
  const [item, setItem] = React.useState<any>();
  // As Stash does: a click on the text opens it in a dialog that is titled "Error".
  const expand = () => setItem({ ...item, content: "Error" });
  return (
    <ToastContext.Provider value={setItem}>
      {children}
      <div className="toast-container row">
        {item && <Toast autohide delay={item.delay ?? 3000} onClose={() => setItem(undefined)} className={item.variant ?? "success"}><Toast.Header closeButton={false}><span className="mr-auto" onClick={expand}>{item.content}</span></Toast.Header></Toast>}
      </div>
    </ToastContext.Provider>
  );
};
const useToast = () => {
  const show = React.useContext(ToastContext);
  return React.useMemo(
    () => ({ toast: show, success: (content: any) => show({ content }), error: (error: any) => show({ content: error?.message ?? String(error), variant: "danger", delay: 5000 }) }),
    [show],
  );
};

/* ---- pages ---- */
const FIND_SCENE = Apollo.gql`query FindScene($id: ID!) { findScene(id: $id) { id title files { width height basename } performers { id name } } }`;
const FIND_IMAGE = Apollo.gql`query FindImage($id: ID!) { findImage(id: $id) { id title performers { id name } } }`;
const FIND_GALLERY = Apollo.gql`query FindGallery($id: ID!) { findGallery(id: $id) { id title performers { id name } } }`;
const FIND_PERFORMER = Apollo.gql`query FindPerformer($id: ID!) { findPerformer(id: $id) { id name } }`;

const Tabs: React.FC<{ left: string; title: string; wrapTabs?: any; wrapContent?: any; props?: any; performers: { id: string; name: string }[]; menu: any }> = ({ left, title, wrapTabs: WrapTabs, wrapContent: WrapContent, props, performers, menu }) => {
  const [key, setKey] = React.useState("details");
  const [dirty, setDirty] = React.useState(false);
  const kind = left.replace("-tabs", "");
  const links = (
    <>
      <Nav.Item><Nav.Link eventKey="details">Details</Nav.Link></Nav.Item>
      <Nav.Item><Nav.Link eventKey="edit">Edit</Nav.Link></Nav.Item>
    </>
  );
  const panes = (
    <>
      <Tab.Pane eventKey="details"><h6>Performers</h6>{performers.map((one) => <span key={one.id} className="tag-item badge badge-secondary mr-1">{one.name}</span>)}</Tab.Pane>
      <Tab.Pane eventKey="edit" mountOnEnter>
        <div className="edit-buttons-container"><Button className="edit-button" disabled={!dirty}>Save</Button> <Button variant="danger" className="edit-button">Delete</Button></div>
        <Form.Control className="text-input" aria-label="Title" onChange={() => setDirty(true)} />
      </Tab.Pane>
    </>
  );
  return (
    <div className={`${left} order-xl-first order-last`}>
      <div className={`${kind}-header-container`}><h3 className={`${kind}-header`}>{title}</h3></div>
      <div className={`${kind}-toolbar`}><span className={`${kind}-toolbar-group`}><span>
        <Dropdown>
          <Dropdown.Toggle variant="secondary" id="operation-menu" className="minimal" title="Operations">⋮</Dropdown.Toggle>
          {menu}
        </Dropdown>
      </span></span></div>
      <Tab.Container activeKey={key} onSelect={(next: any) => next && setKey(next)}>
        <div><Nav variant="tabs" className="mr-auto">{WrapTabs ? <WrapTabs {...props}>{links}</WrapTabs> : links}</Nav></div>
        <Tab.Content>{WrapContent ? <WrapContent {...props}>{panes}</WrapContent> : panes}</Tab.Content>
      </Tab.Container>
    </div>
  );
};
const menuItem = (key: string, text: string) => <Dropdown.Item key={key} className="bg-secondary text-white">{text}</Dropdown.Item>;

const SceneTabs = container("ScenePage.Tabs");
const SceneContent = container("ScenePage.TabContent");
// Stash writes menu and tabs inline into what ScenePage returns: so does this.
const ScenePage = patched("ScenePage", (props: any) => (
  <>
    <SceneSide props={props} />
    <div className="scene-tabs order-xl-first order-last" data-kind="inline">
      <div><div className="scene-toolbar"><span className="scene-toolbar-group"><span>
        <Dropdown>
          <Dropdown.Toggle variant="secondary" id="operation-menu" className="minimal" title="Operations">⋮</Dropdown.Toggle>
          <Dropdown.Menu className="bg-secondary text-white">
            {props.scene.files.length > 0 && menuItem("rescan", "Rescan")}
            {menuItem("generate", "Generate…")}
            {menuItem("delete-scene", "Delete Scene")}
          </Dropdown.Menu>
        </Dropdown>
      </span></span></div></div>
    </div>
  </>
));
const SceneSide: React.FC<any> = ({ props }) => (
  <div className="scene-body">
    <h3 className="scene-header">{props.scene.title}</h3>
    <SceneInner {...props} />
  </div>
);
const SceneInner: React.FC<any> = (props) => {
  const [key, setKey] = React.useState("details");
  const [dirty, setDirty] = React.useState(false);
  return (
    <Tab.Container activeKey={key} onSelect={(next: any) => next && setKey(next)}>
      <div><Nav variant="tabs" className="mr-auto"><SceneTabs {...props}><Nav.Item><Nav.Link eventKey="details">Details</Nav.Link></Nav.Item><Nav.Item><Nav.Link eventKey="edit">Edit</Nav.Link></Nav.Item></SceneTabs></Nav></div>
      <Tab.Content>
        <SceneContent {...props}>
          <Tab.Pane eventKey="details"><h6>Performers</h6>{props.scene.performers.map((one: any) => <span key={one.id} className="tag-item badge badge-secondary mr-1">{one.name}</span>)}</Tab.Pane>
          <Tab.Pane eventKey="edit" mountOnEnter>
            <div className="edit-buttons-container"><Button className="edit-button" disabled={!dirty}>Save</Button></div>
            <Form.Control className="text-input" aria-label="Title" onChange={() => setDirty(true)} />
          </Tab.Pane>
        </SceneContent>
      </Tab.Content>
    </Tab.Container>
  );
};

const QUEUE = ["1", "2", "3"].map((id) => ({ id, title: `Scene ${id}` }));
const ScenePlayer = patched("ScenePlayer", () => {
  const box = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => player.mount(box.current!), []);
  return <div className="scene-player-container"><div id="VideoJsPlayer" className="video-js" ref={box}><img alt="" src={`${base}frame.svg`} /></div></div>;
});
const SceneLoader: React.FC = () => {
  const { id } = useParams<{ id: string }>();
  const history = useHistory();
  const { data } = Apollo.useQuery(FIND_SCENE, { variables: { id } });
  const scene = data?.findScene;
  const next = React.useCallback(() => history.push(`/scenes/${Number(id) + 1}`), [history, id]);
  if (!scene) return null;
  return (
    <div className="row">
      <ScenePage scene={scene} queueScenes={QUEUE} onQueueNext={next} setTimestamp={(seconds: number) => player.api.currentTime(seconds)} />
      <ScenePlayer key={id} />
    </div>
  );
};

const ImagePage: React.FC = () => {
  const { id } = useParams<{ id: string }>();
  const { data } = Apollo.useQuery(FIND_IMAGE, { variables: { id } });
  if (!data?.findImage) return null;
  return (
    <div className="row">
      <Tabs left="image-tabs" title={data.findImage.title} performers={data.findImage.performers} menu={<Dropdown.Menu className="bg-secondary text-white">{menuItem("rescan", "Rescan")}{menuItem("delete-image", "Delete Image")}</Dropdown.Menu>} />
      <div className="image-container"><img className="m-sm-auto no-gutter image-image" alt="" src={`${base}frame.svg`} /></div>
    </div>
  );
};
const GalleryPage: React.FC = () => {
  const { id } = useParams<{ id: string }>();
  const { data } = Apollo.useQuery(FIND_GALLERY, { variables: { id } });
  if (!data?.findGallery) return null;
  return (
    <div className="row">
      <Tabs left="gallery-tabs" title={data.findGallery.title} performers={data.findGallery.performers} menu={<Dropdown.Menu className="bg-secondary text-white">{menuItem("cover", "Reset Cover")}</Dropdown.Menu>} />
      <div className="gallery-container"><Nav variant="tabs"><Nav.Item><Nav.Link>Images</Nav.Link></Nav.Item></Nav></div>
    </div>
  );
};
const PerformerPage: React.FC = () => {
  const { id } = useParams<{ id: string }>();
  const { data } = Apollo.useQuery(FIND_PERFORMER, { variables: { id } });
  if (!data?.findPerformer) return null;
  return (
    <div id="performer-page" className="row"><div className="detail-header"><div className="detail-container">
      <h2><span className="performer-name">{data.findPerformer.name}</span></h2>
      <div className="details-edit mb-2"><Button className="edit mr-2">Edit</Button><Button variant="secondary" className="mr-2">Auto tag</Button></div>
    </div></div></div>
  );
};

/* ---- lists: 0.30 and 0.31 ---- */
const is31 = new URLSearchParams(location.search).get("stash") === "0.31" || sessionStorage.getItem("stash") === "0.31";
function useSelection() {
  const [ids, setIds] = React.useState(new Set<string>());
  const toggle = (id: string) => setIds((before) => { const next = new Set(before); next.has(id) ? next.delete(id) : next.add(id); return next; });
  return { ids, toggle };
}
const Cards: React.FC<any> = ({ folder, ids, toggle }) => (
  <div className="row">{["1", "2", "3"].map((id) => (
    <div key={id} className="grid-card card"><input type="checkbox" className="card-check" checked={ids.has(id)} onChange={() => toggle(id)} aria-label={`select ${id}`} /><Link to={`/${folder}/${id}?qsort=date`}>Item {id}</Link></div>
  ))}</div>
);
const Operations: React.FC<{ operations?: any[] }> = ({ operations = [] }) => (
  <Dropdown><Dropdown.Toggle variant="secondary" id="more-menu">⋯</Dropdown.Toggle><Dropdown.Menu className="bg-secondary text-white">
    {operations.filter((one) => !one.isDisplayed || one.isDisplayed()).map((one) => <Dropdown.Item key={one.text} className="bg-secondary text-white" onClick={one.onClick}>{one.text}</Dropdown.Item>)}
  </Dropdown.Menu></Dropdown>
);
const exported = { text: "Export all", onClick: () => undefined };
const SceneListOperations = patched("SceneListOperations", ({ operations }: any) => <div className="scene-list-operations"><Operations operations={operations} /></div>);
const SceneList30: React.FC = () => {
  const { ids, toggle } = useSelection();
  return <div className="item-list-container scene-list"><SceneListOperations items={3} hasSelection={ids.size > 0} operations={[exported]} /><Cards folder="scenes" ids={ids} toggle={toggle} /></div>;
};
const ItemList: React.FC<any> = ({ folder, operations }) => {
  const { ids, toggle } = useSelection();
  const shown = operations.map((one: any) => ({ text: one.text, onClick: () => one.onClick({}, {}, ids), isDisplayed: () => !one.isDisplayed || one.isDisplayed({}, {}, ids) }));
  return <div className="item-list-container"><Operations operations={shown} /><Cards folder={folder} ids={ids} toggle={toggle} /></div>;
};
const ImageList = patched("ImageList", ({ extraOperations = [] }: any) => <ItemList folder="images" operations={[...extraOperations, exported]} />);
const GalleryList = patched("GalleryList", ({ extraOperations = [] }: any) => <ItemList folder="galleries" operations={[...extraOperations, exported]} />);
const FilteredListToolbar: React.FC<any> = ({ operationComponent }) => <div className="filtered-list-toolbar">{operationComponent}</div>;
const filtered = (name: string, folder: string) =>
  patched(name, () => {
    const { ids, toggle } = useSelection();
    return (
      <div className="item-list-container"><div><FilteredListToolbar listSelect={{ selectedIds: ids }} operationComponent={<Operations operations={[exported]} />} /></div><Cards folder={folder} ids={ids} toggle={toggle} /></div>
    );
  });
const Filtered = { scenes: filtered("FilteredSceneList", "scenes"), images: filtered("FilteredImageList", "images"), galleries: filtered("FilteredGalleryList", "galleries") };

const PluginSettings = patched("PluginSettings", ({ pluginID }: any) => <div className="plugin-settings raw">{pluginID}: raw fields</div>);
const Settings: React.FC = () => (
  <div className="settings-page"><div className="setting-section"><h1>Plugins</h1><div className="card">
    {["stashai", "another"].map((id) => (
      <div key={id} className="setting-group"><div className="setting"><div><h3>{id === "stashai" ? "StashAI (0.1.0)" : "Another (1.0)"}</h3><div className="sub-heading">A plugin.</div></div><div><Button size="sm">Disable</Button></div></div>
        <div className="collapsible-section"><PluginSettings pluginID={id} settings={[]} /></div></div>
    ))}
  </div></div></div>
);

/* ---- frame of the app ---- */
const MenuItems = patched("MainNavBar.MenuItems", ({ children }: any) => <Nav>{children}</Nav>);
const PluginRoutes = container("PluginRoutes");
const NavBar: React.FC = () => (
  <Navbar collapseOnSelect fixed="top" variant="dark" bg="dark" className="top-nav" expand="xl">
    <Navbar.Collapse className="bg-dark order-sm-1">
      <MenuItems>{["scenes", "images", "galleries"].map((name) => <Nav.Link key={name} eventKey={`/${name}`} as="div" className="col-4 col-sm-3 col-md-2 col-lg-auto"><Link to={`/${name}`}><Button className="minimal p-4 p-xl-2 d-flex d-xl-inline-block flex-column justify-content-between align-items-center text-capitalize">{name}</Button></Link></Nav.Link>)}</MenuItems>
    </Navbar.Collapse>
    <Navbar.Brand as="div"><Link to="/"><Button className="minimal brand-link d-inline-block">Stash</Button></Link></Navbar.Brand>
    <Nav className="navbar-buttons flex-row ml-auto order-xl-2"><Navbar.Toggle className="nav-menu-toggle ml-sm-2">☰</Navbar.Toggle></Nav>
  </Navbar>
);

const base = document.querySelector("base")!.getAttribute("href")!;
MousetrapPause(Mousetrap);
const client = new Apollo.ApolloClient({ uri: `${base}graphql`, cache: new Apollo.InMemoryCache() });

// Stash puts these on the window, which has no types for them.
(window as any).PluginApi = {
  React, ReactDOM,
  GQL: { FindSceneDocument: FIND_SCENE, FindImageDocument: FIND_IMAGE, FindGalleryDocument: FIND_GALLERY },
  libraries: { ReactRouterDOM, Bootstrap, Apollo, Intl, Mousetrap, MousetrapPause },
  components,
  hooks: { useToast },
  utils: { StashService: { getClient: () => client }, InteractiveUtils: { getPlayer: () => player.current() } },
  patch: { before: add("before"), instead: add("instead"), after: add("after") },
  register: {
    route: (path: string, component: React.ComponentType) =>
      add("before")("PluginRoutes", ({ children }: any) => [{ children: <>{children}<Route path={path} component={component} /></> }]),
  },
};
(window as any).Mousetrap = Mousetrap;
if (is31) sessionStorage.setItem("stash", "0.31");
const language = new URLSearchParams(location.search).get("lang") ?? "en-GB";

const Lists: React.FC<{ name: "scenes" | "images" | "galleries" }> = ({ name }) => {
  const New = Filtered[name];
  if (is31) return <New />;
  return name === "scenes" ? <SceneList30 /> : name === "images" ? <ImageList /> : <GalleryList />;
};

(window as any).startStash = () => {
  Mousetrap.bind("e", () => document.body.setAttribute("data-shortcut", "e"));
  Mousetrap.bind("x", () => document.body.setAttribute("data-shortcut", "x"));
  ReactDOM.render(
    <Intl.IntlProvider locale={language} messages={{}} onError={() => undefined}>
      <Apollo.ApolloProvider client={client}>
        <BrowserRouter basename={base.replace(/\/$/, "")}>
          <ToastProvider>
            <NavBar />
            <div className="main container-fluid">
              <Switch>
                <Route exact path="/scenes"><Lists name="scenes" /></Route>
                <Route exact path="/images"><Lists name="images" /></Route>
                <Route exact path="/galleries"><Lists name="galleries" /></Route>
                <Route path="/scenes/:id" component={SceneLoader} />
                <Route path="/images/:id" component={ImagePage} />
                <Route path="/galleries/:id" component={GalleryPage} />
                <Route path="/performers/:id" component={PerformerPage} />
                <Route path="/settings" component={Settings} />
                <PluginRoutes />
              </Switch>
            </div>
          </ToastProvider>
        </BrowserRouter>
      </Apollo.ApolloProvider>
    </Intl.IntlProvider>,
    document.getElementById("root"),
  );
};
