// The administration: its sections beside what one of them shows.

import { AuditSection } from "../admin/audit";
import { ChannelsSection } from "../admin/channels";
import { DevicesSection } from "../admin/devices";
import { FactorRolesPanel } from "../admin/factor_roles";
import { OnCallSection } from "../admin/on_call";
import { PeopleSection } from "../admin/people";
import { adminPath, openSections, type Section } from "../admin/sections";
import { SessionsSection } from "../admin/sessions";
import { StorageSection } from "../admin/storage";
import { SystemsSection } from "../admin/systems";
import { WardsSection } from "../admin/wards";
import { SubPage } from "../parts/sub_page";
import { words } from "../words/words";

const PAGES: Record<Section, () => preact.JSX.Element> = {
  people: () => (
    <>
      <PeopleSection />
      <FactorRolesPanel />
    </>
  ),
  wards: WardsSection,
  devices: DevicesSection,
  "on-call": OnCallSection,
  channels: ChannelsSection,
  storage: StorageSection,
  systems: SystemsSection,
  sessions: SessionsSection,
  audit: AuditSection,
};

export function AdminPage({ section }: { section: string | null }) {
  const open = openSections();
  const chosen = open.find(({ id }) => id === (section ?? open[0]?.id));
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="admin">
      <h1>{words("admin.title")}</h1>
      <nav aria-label={words("admin.sections")}>
        <ul>
          {open.map(({ id }) => (
            <li key={id}>
              <a class="button" href={adminPath(id)} {...(id === chosen?.id && { "aria-current": "page" })}>
                {words(`admin.${id}`)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="admin-section">
        {chosen === undefined ? (
          <p role="alert">{words("admin.not_yours")}</p>
        ) : (
          <Chosen key={chosen.id} id={chosen.id} />
        )}
      </div>
    </SubPage>
  );
}

function Chosen({ id }: { id: Section }) {
  const Page = PAGES[id];
  return <Page />;
}
