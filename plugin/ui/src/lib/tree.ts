/** Finding and changing one element of a rendered tree: Stash's menus are inline in what its pages return. */
import * as React from "react";

type Element = React.ReactElement<Record<string, unknown> & { children?: React.ReactNode }>;

export function isElement(node: unknown): node is Element {
  return React.isValidElement(node);
}

/**
 * A copy of `tree` in which the first element that `wanted` accepts is replaced by `change(element)`. Elements in props (as
 * `operationComponent`) are not entered. Answers the very same tree when nothing was found.
 */
export function replaceFirst(tree: React.ReactNode, wanted: (element: Element) => boolean, change: (element: Element) => Element): React.ReactNode {
  let done = false;
  const walk = (node: React.ReactNode): React.ReactNode => {
    if (done) return node;
    if (Array.isArray(node)) {
      const next = node.map(walk);
      return next.some((child, index) => child !== node[index]) ? next : node;
    }
    if (!isElement(node)) return node;
    if (wanted(node)) {
      done = true;
      return change(node);
    }
    const { children } = node.props;
    if (children === undefined || typeof children === "function") return node;
    const next = walk(children);
    if (next === children) return node;
    return React.cloneElement(node, undefined, ...(Array.isArray(next) ? next : [next]));
  };
  return walk(tree);
}

/** The keys of an element's direct children, as they were written. */
export function childKeys(element: Element): string[] {
  const children = element.props.children;
  const list = Array.isArray(children) ? children.flat() : [children];
  return list.filter(isElement).map((child) => String(child.key ?? ""));
}
