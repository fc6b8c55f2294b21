/** What JSX becomes in the built script: one short name instead of `React.createElement` five hundred times. */
import * as React from "react";

export const element = React.createElement;
export const { Fragment } = React;
