/** A box to find a performer in: searches on Stash's side while typing, shows pictures, aliases and disambiguation. */
import * as React from "react";
import { Form } from "react-bootstrap";
import { hasPicture, searchPerformers } from "../api/stash";
import type { PerformerChoice } from "../api/stash";
import { useApp, useText } from "../context";
import { Face } from "./basics";

interface Props {
  onChoose(performer: { id: string; name: string }): void;
  onCreate?(name: string): void;
  onCancel?(): void;
  /** A performer who is not to be found: whoever is compared with others. */
  without?: string;
  autoFocus?: boolean;
}

const TYPING = 250;

export const PerformerSearch: React.FC<Props> = ({ onChoose, onCreate, onCancel, without, autoFocus = true }) => {
  const app = useApp();
  const t = useText();
  const [text, setText] = React.useState("");
  const [found, setFound] = React.useState<PerformerChoice[] | null>(null);
  // What `found` answers: Enter must not take a row of an older search.
  const [answered, setAnswered] = React.useState<string | null>(null);
  const [active, setActive] = React.useState(0);
  const id = React.useMemo(() => `sai-search-${Math.random().toString(36).slice(2)}`, []);

  React.useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      searchPerformers(app.graphql, text).then(
        (list) => current && (setFound(list.filter((one) => one.id !== without)), setAnswered(text), setActive(0)),
        () => current && (setFound([]), setAnswered(text)),
      );
    }, text ? TYPING : 0);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [app, text, without]);

  const typed = text.trim();
  const options = [
    ...(found ?? []).map((choice) => () => onChoose({ id: choice.id, name: choice.name })),
    ...(onCreate && typed ? [() => onCreate(typed)] : []),
  ];

  // The list opens below its row, perhaps below the fold.
  const box = React.useRef<HTMLDivElement>(null);
  const length = found?.length ?? -1;
  React.useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [length]);

  function onKey(event: React.KeyboardEvent) {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    if (move && options.length) setActive((active + move + options.length) % options.length);
    else if (event.key === "Enter") answered === text && options[active]?.();
    else if (event.key === "Escape" && onCancel) onCancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="sai-search" ref={box} onKeyDown={onKey}>
      <Form.Control
        size="sm"
        type="search"
        className="text-input"
        autoFocus={autoFocus}
        value={text}
        placeholder={t("searchPerformer")}
        aria-label={t("searchPerformer")}
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={options.length ? `${id}-${active}` : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <ul id={id} role="listbox" aria-label={t("searchPerformer")}>
        {(found ?? []).map((choice, index) => (
          <li
            key={choice.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseEnter={() => setActive(index)}
            onClick={() => onChoose({ id: choice.id, name: choice.name })}
          >
            <Face size="s" src={hasPicture(choice) ? choice.image_path : null} label="" />
            <span>
              {choice.name}
              {choice.disambiguation && <span className="sai-soft"> ({choice.disambiguation})</span>}
              {choice.alias_list.length > 0 && (
                <small className="sai-soft">{t("aliases", { names: choice.alias_list.slice(0, 4).join(", ") })}</small>
              )}
            </span>
          </li>
        ))}
        {found?.length === 0 && <li className="sai-soft" role="presentation">{t("noMatch")}</li>}
        {onCreate && typed && (
          <li
            id={`${id}-${found?.length ?? 0}`}
            role="option"
            aria-selected={active === (found?.length ?? 0)}
            onMouseEnter={() => setActive(found?.length ?? 0)}
            onClick={() => onCreate(typed)}
          >
            <span className="sai-new">+</span>
            {t("newPerformer", { name: typed })}
          </li>
        )}
      </ul>
    </div>
  );
};
