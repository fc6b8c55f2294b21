import * as React from "react";
import { Button } from "react-bootstrap";
import { useText } from "../context";

interface TurnProps {
  page: number;
  more: boolean;
  onPage(page: number): void;
}

/** Back and forth between pages; nothing when there is only one. */
export const Turn: React.FC<TurnProps> = ({ page, more, onPage, children }) => {
  const t = useText();
  if (page <= 1 && !more) return null;
  return (
    <nav className="sai-pager">
      <Button size="sm" variant="secondary" disabled={page <= 1} aria-label={t("previousPage")} onClick={() => onPage(page - 1)}>‹</Button>
      {children}
      <Button size="sm" variant="secondary" disabled={!more} aria-label={t("nextPage")} onClick={() => onPage(page + 1)}>›</Button>
    </nav>
  );
};

export const Pager: React.FC<{ page: number; pages: number; onPage(page: number): void }> = ({ page, pages, onPage }) => {
  const t = useText();
  return <Turn page={page} more={page < pages} onPage={onPage}><span>{t("ofItems", { done: page, total: pages })}</span></Turn>;
};
