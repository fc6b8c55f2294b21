/** Whose faces are known, who has none that can be used, whose face must be chosen, who was forgotten. */
import * as React from "react";
import { Button, Form } from "react-bootstrap";
import { useApp, useLoaded, useText, useToast } from "../context";
import type { PeopleFilter } from "../api/operations";
import { performerImage } from "../host";
import type { Key, Translator } from "../i18n/translate";
import { Empty, Face, Filters, PerformerLink, Trouble, Waiting } from "../parts/basics";
import type { PersonRow } from "../types";
import { ConfirmTyped } from "./ConfirmTyped";
import { Pager } from "./Pager";

const FILTERS: Record<PeopleFilter, Key> = { all: "all", without_face: "filterWithout", choose: "filterChoose", forgotten: "filterForgotten" };
const TYPING = 300;

export const People: React.FC<{ onChanged(): void }> = ({ onChanged }) => {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const [filter, setFilter] = React.useState<PeopleFilter>("all");
  const [typed, setTyped] = React.useState("");
  const [q, setQ] = React.useState("");
  const [page, setPage] = React.useState(1);
  const [forgetting, setForgetting] = React.useState<PersonRow | null>(null);
  React.useEffect(() => {
    const timer = setTimeout(() => (setQ(typed), setPage(1)), TYPING);
    return () => clearTimeout(timer);
  }, [typed]);
  // Until the wanted list is there, the one before it stays, and stays as it was.
  const { data, error, reload } = useLoaded(() => app.ops.people(page, filter, q).then((list) => ({ ...list, filter })), [page, filter, q]);
  const act = (work: Promise<unknown>, done?: string) => void work.then(() => (done && toast.success(done), reload(), onChanged()), (failure: unknown) => toast.error(failure));

  return (
    <>
      <Filters options={(Object.keys(FILTERS) as PeopleFilter[]).map((one) => [one, t(FILTERS[one])])} value={filter} onChange={(one) => (setFilter(one), setPage(1))}>
        <Form.Control size="sm" type="search" className="text-input" value={typed} placeholder={t("findPerson")} aria-label={t("findPerson")} onChange={(event) => setTyped(event.target.value)} />
      </Filters>
      {error !== undefined && <Trouble error={error} retry={reload} />}
      {!data ? !error && <Waiting /> : data.people.length === 0 ? <Empty icon="person" text={t("noPeople")} /> : (
        <ul className={data.filter === "choose" ? "sai-jobs" : "sai-people"}>
          {data.people.map((person) => (
            <Person key={person.performer_id} person={person} filter={data.filter} act={act} onForget={() => setForgetting(person)} onChoose={() => (setFilter("choose"), setPage(1))} />
          ))}
        </ul>
      )}
      {data && <Pager page={page} pages={data.pages} onPage={setPage} />}
      {forgetting && (
        <ConfirmTyped
          title={t("forgetTitle", { name: forgetting.name })}
          text={t("forgetText")}
          ask={t("forgetType", { name: forgetting.name })}
          word={forgetting.name}
          button={t("forget")}
          onClose={() => setForgetting(null)}
          onConfirm={(word) => {
            const forgotten = app.ops.forget(forgetting.performer_id, word).then((done) => (done?.worker && toast.error(done.worker), done));
            act(forgotten, t("forgotten", { name: forgetting.name }));
          }}
        />
      )}
    </>
  );
};

interface Props {
  person: PersonRow;
  filter: PeopleFilter;
  act(work: Promise<unknown>, done?: string): void;
  onForget(): void;
  onChoose(): void;
}

/** A performer without a picture whose face was learned from scenes may get it. */
const PictureOffer: React.FC<Pick<Props, "act"> & { id: string; picture: { key: string } }> = ({ id, picture, act }) => {
  const app = useApp();
  const t = useText();
  return <button type="button" className="sai-link" onClick={() => act(app.ops.useAsPicture(id, picture.key), t("asPictureDone"))}>{t("asPicture")}</button>;
};

function reasonOf(t: Translator, { reason, why = "", references }: PersonRow): string {
  if (!reason) return t("referencesKnown", { n: references });
  return why ? t.said({ code: why, text: reason }) : t("notLooked");
}

const Person: React.FC<Props> = ({ person, filter, act, onForget, onChoose }) => {
  const app = useApp();
  const t = useText();
  const { performer_id: id, name } = person;
  return (
    <li className="sai-card sai-person">
      <Face src={person.picture?.crop ?? performerImage(id)} label={name} />
      <div>
        <PerformerLink id={id} name={name} />
        <small className="sai-soft">{filter === "choose" ? t("whichFace", { name }) : reasonOf(t, person)}</small>
        {person.picture && <PictureOffer id={id} picture={person.picture} act={act} />}
        {filter !== "choose" && !!person.choices?.length && <button type="button" className="sai-link" onClick={onChoose}>{t("filterChoose")}</button>}
        {filter === "choose" && person.choices && (
          <div className="sai-choices" role="group" aria-label={t("whichFace", { name })}>
            {person.choices.map((choice) => (
              <button key={choice.key} type="button" aria-label={t("thisFace", { name })} title={t("thisFace", { name })} onClick={() => act(app.ops.chooseFace(id, choice.key))}>
                <Face src={choice.crop} label="" />
              </button>
            ))}
          </div>
        )}
        {person.why === "forgotten" && <Button size="sm" variant="secondary" onClick={() => act(app.ops.allow(id))}>{t("allow")}</Button>}
        {filter === "all" && person.references > 0 && <button type="button" className="sai-link sai-quiet" title={t("forget")} onClick={onForget}>{t("forgetShort")} <span className="sr-only">{name}</span></button>}
      </div>
    </li>
  );
};
