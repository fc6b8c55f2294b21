/** One person seen: the face from here beside the known face, where and how often, who it probably is, and what to do about it. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { useText } from "../context";
import { performerImage } from "../host";
import { timeCode } from "../lib/time";
import { Badge, Face, Glyph, PerformerLink, Probability } from "../parts/basics";
import { PerformerSearch } from "../parts/PerformerSearch";
import { CropGrid } from "./CropGrid";
import type { ReviewRow } from "./choices";

export interface RowActions {
  tick(ticked: boolean): void;
  /** Takes the runner-up or somebody else. */
  choose(performer: { id: string; name: string }): void;
  create(name: string): void;
  verdict(verdict: "not" | "skip"): void;
  takeBack(): void;
  seek(time: number): void;
}

interface Props {
  item: ReviewRow;
  actions: RowActions;
  addFrom: number;
  job: string | null;
  searching: boolean;
  setSearching(open: boolean): void;
}

const SHOWN_TIMES = 5;
/** Whoever is less probable than this is not worth a line beside a face that nobody was recognised in. */
const WORTH_NAMING = 0.05;

export const PersonRow = React.forwardRef<HTMLLIElement, Props & { tabIndex: number; onFocus(): void }>(
  ({ item, actions, addFrom, job, searching, setSearching, tabIndex, onFocus }, ref) => {
    const t = useText();
    const { row, performer, ticked, verdict, applied, chosen } = item;
    const name = performer?.name ?? t("unknownPerson");
    const state = applied ? "applied" : verdict ? "dropped" : ticked ? "ticked" : "open";
    return (
      <li
        ref={ref}
        className={`sai-row sai-row-${state}`}
        tabIndex={tabIndex}
        onFocus={onFocus}
        aria-label={[name, !chosen && row.probability ? t.percent(row.probability) : "", ticked ? t("willAdd") : ""].filter(Boolean).join(", ")}
        data-row={row.key}
      >
        <div className="sai-pair">
          <Face src={row.crop} label={t("cropOf")} size="l" />
          <Face src={chosen && performer ? performerImage(performer.id) : row.reference} label={performer ? t("referenceOf", { name }) : t("noReference")} size="l" />
        </div>
        <div className="sai-who">
          <div className="sai-name">
            {performer ? <PerformerLink id={performer.id} name={performer.name} /> : <span className="sai-soft">{name}</span>}
            {!chosen && performer && row.probability != null && <Probability value={row.probability} addFrom={addFrom} />}
            {row.tagged && !chosen && !applied && <Badge>{t("tagged")}</Badge>}
            {applied && <Badge kind="good">{t("applied")}</Badge>}
          </div>
          <RunnerUp item={item} actions={actions} />
          <Seen item={item} actions={actions} />
          {row.images && row.images.length > 0 && <CropGrid job={job} images={row.images} name={name} />}
          {searching && (
            <PerformerSearch
              onChoose={(choice) => (actions.choose(choice), setSearching(false))}
              onCreate={(text) => (actions.create(text), setSearching(false))}
              onCancel={() => setSearching(false)}
            />
          )}
        </div>
        <RowButtons item={item} actions={actions} searching={searching} setSearching={setSearching} />
      </li>
    );
  },
);

const RunnerUp: React.FC<{ item: ReviewRow; actions: RowActions }> = ({ item, actions }) => {
  const t = useText();
  const { row, performer, applied, verdict, chosen } = item;
  const other = row.candidates.find((candidate) => candidate.performer_id !== performer?.id);
  if (!other || applied || verdict || chosen || (!performer && other.probability < WORTH_NAMING)) return null;
  return (
    <button type="button" className="sai-link" onClick={() => actions.choose({ id: other.performer_id, name: other.name })}>
      {t(performer ? "orMaybe" : "perhaps", { name: other.name, percent: t.percent(other.probability) })}
    </button>
  );
};

const Seen: React.FC<{ item: ReviewRow; actions: RowActions }> = ({ item, actions }) => {
  const t = useText();
  const [all, setAll] = React.useState(false);
  const { row } = item;
  // Several frames of one second read alike: one time code for all of them.
  const seconds = row.times.filter((time, index, times) => index === 0 || timeCode(time) !== timeCode(times[index - 1] as number));
  const times = all ? seconds : seconds.slice(0, SHOWN_TIMES);
  if (row.images?.length) return null;
  return (
    <div className="sai-seen">
      {times.map((time) => (
        <button key={time} type="button" className="sai-time" title={t("seekTo", { time: timeCode(time) })} onClick={() => actions.seek(time)}>
          {timeCode(time)}
        </button>
      ))}
      {seconds.length > SHOWN_TIMES && (
        <button type="button" className="sai-link" onClick={() => setAll(!all)}>
          {all ? t("fewer") : t("moreTimes", { n: seconds.length - SHOWN_TIMES })}
        </button>
      )}
      {row.times.length > 0 && <span className="sai-soft">{t("inFrames", { n: row.frames })}</span>}
    </div>
  );
};

const RowButtons: React.FC<Pick<Props, "item" | "actions" | "searching" | "setSearching">> = ({ item, actions, searching, setSearching }) => {
  const t = useText();
  const { row, performer, ticked, verdict, applied, chosen } = item;
  if (applied) return null;
  if (verdict) {
    return (
      <div className="sai-do">
        <span className="sai-soft">{verdict === "not" ? t("notName", { name: row.name ?? t("unknownPerson") }) : t("skipped")}</span>
        <Button size="sm" variant="link" onClick={actions.takeBack}>{t("takeBack")}</Button>
      </div>
    );
  }
  return (
    <div className="sai-do">
      {performer && (
        <Button
          size="sm"
          className="sai-tick"
          variant={ticked ? "success" : "outline-success"}
          aria-pressed={ticked}
          onClick={() => actions.tick(!ticked)}
        >
          <Glyph name="check" /> {row.tagged && !chosen ? t("confirm") : ticked ? t("willAdd") : t("addNobody")} <span className="sr-only">{performer.name}</span>
        </Button>
      )}
      <Button size="sm" variant="link" aria-expanded={searching} onClick={() => setSearching(!searching)}>
        {performer ? t("chooseAnother") : t("choose")}
      </Button>
      {performer && !chosen && <Button size="sm" variant="link" onClick={() => actions.verdict("not")}>{t("notName", { name: performer.name })}</Button>}
      <Button size="sm" variant="link" onClick={() => actions.verdict("skip")}>{t("skip")}</Button>
    </div>
  );
};
