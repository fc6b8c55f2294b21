/** Our entry in Stash's navigation; with it, once, everything that is always mounted. */
import * as React from "react";
import { Button, Nav } from "react-bootstrap";
import { NavLink } from "react-router-dom";
import type { App } from "../app";
import { Boundary, Mount } from "../context";
import { PAGE } from "../host";
import { Glyph } from "../parts/basics";
import { Globals } from "./Globals";

const NavEntry: React.FC = () => (
  <Nav.Link eventKey={PAGE} as="div" className="col-4 col-sm-3 col-md-2 col-lg-auto">
    <Button
      as={NavLink as unknown as "a"}
      {...{ to: PAGE, activeClassName: "active" }}
      className="minimal sai-nav p-4 p-xl-2 d-flex d-xl-inline-block flex-column justify-content-between align-items-center"
    >
      <Glyph name="face" className="nav-menu-icon d-block d-xl-inline mb-2 mb-xl-0" />
      <span>StashAI</span>
    </Button>
  </Nav.Link>
);

export function withNavEntry(app: App, children: React.ReactNode): React.ReactNode {
  return (
    <>
      {children}
      <Boundary key="stashai-nav"><NavEntry /></Boundary>
      <Mount key="stashai" app={app}><Globals /></Mount>
    </>
  );
}
