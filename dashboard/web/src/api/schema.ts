// Made from docs/openapi.json by `make docs`; never by hand.

/**
 * Alarm priority, IEC 60601-1-8:2006 clause 6.1.2.
 */
export type Priority = "high" | "low" | "medium";
/**
 * What a call speaks about: the heart, or the system that watches it (IEC 60601-1-8, 3.36).
 */
export type Family = "clinical" | "technical";
/**
 * Where an alarm is in its life.
 */
export type AlarmState =
  "acknowledged" | "active" | "ended" | "latched" | "paused" | "pending" | "silenced" | "suppressed";
/**
 * What a reviewer finds of an alarm.
 */
export type Verdict = "false" | "true" | "unsure";
/**
 * What a patient may feel, in a word.
 */
export type Chip = "chest_pain" | "dizzy" | "palpitations" | "short_of_breath";
/**
 * How a field of a form is answered: with a bool, one of its options, 0 to 10, or words.
 */
export type FieldKind = "choice" | "scale" | "text" | "yes_no";
/**
 * What has become of a check.
 */
export type CheckState = "done" | "lost" | "running";
/**
 * What can be wrong about a row or an entry.
 */
export type Wrong = "added" | "anchor" | "changed" | "entry_changed" | "entry_missing" | "missing";
/**
 * What a route asks for.
 */
export type Permission =
  | "act_on_alarms"
  | "break_glass"
  | "export"
  | "manage_api"
  | "manage_devices"
  | "manage_patients"
  | "manage_people"
  | "manage_retention"
  | "manage_rosters"
  | "manage_wards"
  | "message"
  | "review"
  | "see_audit"
  | "see_ledger"
  | "see_patient"
  | "see_statistics"
  | "see_ward"
  | "set_limits"
  | "turn_alarms_off"
  | "write_notes";
/**
 * What is said of a beat.
 */
export type CorrectionKind = "added" | "deleted" | "relabelled";
/**
 * What is paused.
 */
export type PauseKind = "alarms_off" | "alarms_paused" | "audio_paused";
/**
 * Where a rehearsal is.
 */
export type RehearsalState = "cancelled" | "done" | "failed" | "running" | "waiting";
/**
 * Where a report is.
 */
export type ReportState = "failed" | "forgotten" | "made" | "making";
/**
 * What the way of an alarm is known to be.
 */
export type CanaryState = "failed" | "never" | "proven" | "stale";
/**
 * Where an alarm has come to on its way, in order.
 */
export type Stage = "acknowledged" | "notified" | "raised" | "sealed" | "sent" | "stored";

/**
 * Oneself; without `has_password`: signs in elsewhere only, where password and second factor are, too.
 */
export interface Account {
  login: string;
  name: string;
  role: string;
  has_password: boolean;
  second_factor: SecondFactor;
}
/**
 * How it stands with one's second factor.
 *
 * `required`: the role needs one. `available`: this server has a key to keep one.
 */
export interface SecondFactor {
  since_us: number | null;
  recovery_left: number;
  required: boolean;
  available: boolean;
}
/**
 * The own password, and the one that is to take its place.
 */
export interface NewOwnPassword {
  password: string;
  new_password: string;
}
/**
 * The own password.
 */
export interface OwnPassword {
  password: string;
}
/**
 * A secret for an app, shown until a first code confirms it: as text to type, and as what a QR code says.
 */
export interface Enrolment {
  secret: string;
  uri: string;
}
/**
 * The first code of an app.
 */
export interface FirstCode {
  code: string;
}
/**
 * Codes for who lost the app, each good once; shown this once.
 */
export interface RecoveryCodes {
  recovery_codes: string[];
}
/**
 * That it is he: the own password, and where there is a second factor a code of it.
 */
export interface Proof {
  password: string;
  code: string;
}
/**
 * How many were ended.
 */
export interface EndedSessions {
  ended: number;
}
/**
 * One alarm; times are UTC microseconds. Without a patient it is about the system itself.
 *
 * `additions` counts what was added to it since it was raised: who acknowledges it says how many were shown.
 * `confidence` is how sure the engine was, 0 to 1; ``None`` where it did not say. `silenced` while it holds.
 * `shown_us`: when the first screen had painted it. `paused_us`: it was raised while its patient's alarms were
 * paused, which no sound told.
 */
export interface Alarm {
  id: number;
  patient_id: number | null;
  call: string;
  priority: Priority;
  family: Family;
  late: boolean;
  onset_us: number;
  signal_us: number;
  raised_us: number;
  ended_us: number | null;
  suppressed_by: string | null;
  acknowledged: Acknowledgement | null;
  state: AlarmState;
  detail: {
    [k: string]: unknown;
  };
  additions: number;
  confidence: number | null;
  shown_us: number | null;
  paused_us: number | null;
  silenced: Silence | null;
  escalation: Escalation | null;
  reviewed: Review | null;
}
/**
 * Who took an alarm on, and when.
 */
export interface Acknowledgement {
  name: string;
  at_us: number;
}
/**
 * Who silenced an alarm, when, and until when.
 */
export interface Silence {
  name: string;
  at_us: number;
  until_us: number;
}
/**
 * How far nobody's answer has led: the step, to whom it was told, and when the next step is due.
 *
 * `to` is ``None`` when there is nobody; `next_us` when no step follows.
 */
export interface Escalation {
  step: number;
  to: string | null;
  at_us: number;
  next_us: number | null;
}
/**
 * What a person found of an alarm afterwards.
 */
export interface Review {
  name: string;
  at_us: number;
  verdict: Verdict;
  note: string;
}
/**
 * How much of it was shown to who answers: its `additions`.
 */
export interface Shown {
  additions: number;
}
/**
 * For how long an alarm is to be silent.
 */
export interface Silencing {
  seconds?: number;
}
/**
 * What an alarm was.
 */
export interface Reviewing {
  verdict: Verdict;
  note?: string;
}
/**
 * Who is to be watched; the language is that of his own phone.
 */
export interface NewPatient {
  name: string;
  ward?: string;
  language?: "en" | "fr";
}
/**
 * Who it is.
 */
export interface PatientName {
  id: number;
  name: string;
  ward: string;
}
/**
 * A patient's symptoms, the newest first, and whether there are older ones.
 */
export interface Symptoms {
  symptoms: Symptom[];
  more: boolean;
}
/**
 * What a patient felt; `additions` counts what he added since he pressed. Times are UTC microseconds.
 */
export interface Symptom {
  id: number;
  press: string;
  device: string;
  pressed_us: number;
  received_us: number;
  late: boolean;
  chips: Chip[];
  note: string;
  additions: number;
  alarm_id: number | null;
  read: Reading | null;
}
/**
 * Who has read it, and when; the patient himself has no name here.
 */
export interface Reading {
  name: string | null;
  at_us: number;
}
/**
 * What was said both ways, the newest first, and whether there is older.
 */
export interface Messages {
  messages: Message[];
  more: boolean;
}
/**
 * What was said: a `message`, a `question` (with its `form`) or an `answer` (with `answers`, to `reply_to`).
 *
 * `device` and `said_id` are the patient's own, `by` names who of the care team said it.
 */
export interface Message {
  id: number;
  kind: "answer" | "message" | "question";
  device: string | null;
  said_id: string | null;
  by: string | null;
  said_us: number;
  received_us: number;
  late: boolean;
  text: string;
  form: Form | null;
  answers: {
    [k: string]: boolean | number | string;
  } | null;
  reply_to: number | null;
  alarm_id: number | null;
  read: Reading | null;
}
/**
 * A short form that the care team sends.
 */
export interface Form {
  title: string;
  /**
   * @minItems 1
   * @maxItems 6
   */
  fields: Field[];
}
/**
 * One field of a form.
 */
export interface Field {
  id: string;
  kind: FieldKind;
  label: string;
  /**
   * @maxItems 8
   */
  options?: string[];
}
/**
 * What is said to a patient.
 */
export interface Words {
  text: string;
}
/**
 * Which messages of a patient were shown and read.
 */
export interface ReadMessages {
  /**
   * @minItems 1
   * @maxItems 200
   */
  messages: number[];
}
/**
 * For whom a code is made.
 */
export interface ForPatient {
  patient_id: number;
}
/**
 * A code, said once: who has it may pair a device with the patient until it expires.
 *
 * `url` is the text of the QR code.
 */
export interface PairingCode {
  id: number;
  code: string;
  expires_us: number;
  url: string;
}
/**
 * What became of a code: `waiting`, `used` or `expired`.
 *
 * `description` is what the device called itself, `received_us` when it last sent any signal.
 */
export interface CodeState {
  id: number;
  patient_id: number;
  state: "expired" | "used" | "waiting";
  expires_us: number;
  device: string | null;
  description: string | null;
  received_us: number | null;
}
/**
 * What a device says to be paired: the code as somebody typed it, and what it is.
 */
export interface Said {
  code: string;
  description?: string;
}
/**
 * All that a device needs to send. The password is said here and nowhere else.
 */
export interface Credential {
  device: string;
  username: string;
  password: string;
  client_id: string;
  topic_prefix: string;
  broker: Broker;
  broker_ws_url: string | null;
}
/**
 * Where a device connects; `ca` is the PEM of the authority to trust, if it is not a public one.
 */
export interface Broker {
  host: string;
  port: number;
  tls: boolean;
  ca: string | null;
}
/**
 * A code as somebody typed it.
 */
export interface Typed {
  code: string;
}
/**
 * For whom a code was made, as it is shown before the device is paired: no more than the patient needs to see.
 */
export interface CodeOwner {
  patient: string;
  ward: string;
  language: string;
  expires_us: number;
}
/**
 * A patient's devices, the newest first.
 */
export interface Devices {
  devices: PairedDevice[];
}
/**
 * A device of a patient; times are UTC microseconds.
 *
 * `heard_us` is when it was last heard at all, `signal_us` when any signal of it came, by the server's clock.
 */
export interface PairedDevice {
  device: string;
  description: string;
  paired_us: number;
  revoked_us: number | null;
  revoked_by: string | null;
  revoked_why: string;
  online: boolean | null;
  wearable: string | null;
  heard_us: number | null;
  signal_us: number | null;
}
/**
 * The first of `n` devices that match.
 */
export interface Fleet {
  n: number;
  devices: FleetDevice[];
}
/**
 * A device and its patient; `clock_offset_us` is the server's clock less the device's.
 */
export interface FleetDevice {
  device: string;
  description: string;
  paired_us: number;
  revoked_us: number | null;
  revoked_by: string | null;
  revoked_why: string;
  online: boolean | null;
  wearable: string | null;
  heard_us: number | null;
  signal_us: number | null;
  patient_id: number;
  patient: string;
  ward: string;
  battery_percent: number | null;
  clock_offset_us: number | null;
}
/**
 * Why a device is shut out.
 */
export interface Why {
  why?: string;
}
/**
 * Patients of all wards whose names hold what was asked for; ten at most.
 */
export interface Elsewhere {
  patients: PatientName[];
}
/**
 * Until when one sees a patient of another ward, and the reason one gave; ``None`` where one sees him anyway.
 */
export interface OpenGlass {
  until_us: number | null;
  reason: string | null;
}
/**
 * Why somebody of another ward must see the patient; the patient's team reads it, and he sees who looked.
 */
export interface Reason {
  reason: string;
}
/**
 * Whom one sees from now on, and until when.
 */
export interface Glass {
  patient: PatientName;
  until_us: number;
}
/**
 * Who may be given patients.
 */
export interface Colleagues {
  colleagues: Colleague[];
}
/**
 * Somebody of the care team; the login tells two of one name apart.
 */
export interface Colleague {
  id: number;
  name: string;
  role: string;
  login: string;
}
/**
 * Who is to be a patient's nurse; null is nobody.
 */
export interface Assigning {
  user_id: number | null;
}
/**
 * A patient's nurse.
 */
export interface Assigned {
  nurse: Named | null;
}
/**
 * A person, by name.
 */
export interface Named {
  id: number;
  name: string;
}
/**
 * To whom one's patients are to be handed over; those of one ward, or all.
 */
export interface Offering {
  to_user_id: number;
  ward?: string | null;
}
/**
 * An offer of all of one's patients to a colleague; how many they were, and their open alarms, when it was made.
 */
export interface HandOver {
  id: number;
  from: Named;
  to: Named;
  ward: string | null;
  n_patients: number;
  n_alarms: number;
  at_us: number;
  accepted_us: number | null;
  withdrawn_us: number | null;
}
/**
 * What happened to an alarm, in the order of time; the patient's name for those who may see it.
 */
export interface Story {
  alarm: Alarm;
  patient: string | null;
  steps: Step[];
}
/**
 * One step of an alarm's way.
 *
 * `kind` is an event's, `not_told` (an attempt that failed), or of the signal: `onset`, `met` (its rule), `received`.
 *
 * `name` is who did it, or whose screen or contact it was; `seal` is ``None`` until it is sealed, and for what is no
 * event. Times of `onset` and `met` are the device's.
 */
export interface Step {
  kind: string;
  at_us: number;
  name: string | null;
  detail: {
    [k: string]: unknown;
  };
  seal: Seal | null;
}
/**
 * Where a step is in the ledger: the entry's number, its hash (hexadecimal digits), and when it was sealed.
 */
export interface Seal {
  seq: number;
  hash: string;
  at_us: number;
}
/**
 * How long the tenant's chain is, its last entry, what waits to be sealed and since when, and the last checks.
 */
export interface LedgerNow {
  entries: number;
  head_hash: string | null;
  head_us: number | null;
  due: number;
  due_since_us: number | null;
  checks: Check[];
}
/**
 * One time that the chain was counted anew; `report` at its end. Without a name the server did it by itself.
 */
export interface Check {
  id: number;
  name: string | null;
  begun_us: number;
  ended_us: number | null;
  state: CheckState;
  entries_done: number;
  entries: number;
  report: Report | null;
}
/**
 * What a check found of a tenant's chain.
 *
 * Attributes
 * ----------
 * entries, head_hash : int, str
 * How many there are, and the hash of the last, in hexadecimal digits.
 * dropped : int
 * Rows that are gone by the word of the retention log.
 * due : int
 * Rows that were committed and not sealed at that moment.
 * wrong : int
 * How many things are wrong; `findings` has the first of them.
 */
export interface Report {
  entries: number;
  head_hash: string;
  dropped: number;
  due: number;
  wrong: number;
  findings: Finding[];
}
/**
 * One thing that is wrong: the entry's number (0: it has none), and the row that it is about.
 */
export interface Finding {
  wrong: Wrong;
  seq: number;
  source: string;
  source_id: number;
  alarm_id: number | null;
}
/**
 * Who the patient is, as it is shown on a device that others may see, and whom to call.
 *
 * `zone` is the ward's: the care team tells times in it.
 */
export interface Me {
  patient: string;
  ward: string;
  language: string;
  emergency_number: string;
  device: string;
  now_us: number;
  zone: string;
}
/**
 * Heart rate in buckets of `bucket_s`, beats a minute; ``None`` where no beat was found.
 */
export interface HeartRate {
  from_us: number;
  bucket_s: number;
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}
/**
 * The newest first, and whether there are older ones.
 */
export interface OwnEvents {
  events: OwnEvent[];
  more: boolean;
}
/**
 * A symptom (`id` is the press) or an alarm of the heart; `code` is a call of the catalogue, `names` its names.
 */
export interface OwnEvent {
  kind: string;
  id: string;
  code: string;
  names: {
    [k: string]: string;
  };
  onset_us: number;
  ended_us: number | null;
  late: boolean;
  chips: string[];
  note: string;
  read_us: number | null;
  read_by: string | null;
}
/**
 * Who looked in the last 90 days, the newest first.
 */
export interface Looks {
  access: Look[];
}
/**
 * What one person of the care team did on one day: the first time, the last, and how often.
 */
export interface Look {
  name: string;
  role: string;
  action: string;
  first_us: number;
  last_us: number;
  times: number;
}
/**
 * The newest first, whether there are older ones, and the newest receipts of what was read.
 */
export interface OwnMessages {
  messages: OwnMessage[];
  more: boolean;
  seen: Seen[];
}
/**
 * What was said, from the patient's side: `from` is `patient` or `team`; his own have the device's `id`.
 */
export interface OwnMessage {
  id: string;
  kind: string;
  from: string;
  t_us: number;
  text: string;
  form: unknown;
  answers: unknown;
  reply_to: string | null;
  by: string | null;
  read_us: number | null;
  read_by: string | null;
}
/**
 * A person has read what the patient said under this id.
 */
export interface Seen {
  id: string;
  by: string;
  t_us: number;
}
/**
 * A message: to whom it was sent, until when its link opens, and what it is about.
 */
export interface Notice {
  name: string;
  language: string;
  expires_us: number;
  alarms: NoticeAlarm[];
}
/**
 * One of the alarms; `waits`: nobody has answered it. `passed`: this link passed it on.
 */
export interface NoticeAlarm {
  id: number;
  names: {
    [k: string]: string;
  };
  priority: string;
  ward: string;
  zone: string;
  onset_us: number;
  ended_us: number | null;
  state: AlarmState;
  waits: boolean;
  acknowledged: Acknowledgement | null;
  passed: boolean;
  additions: number;
}
/**
 * Which of the message's alarms is taken on.
 */
export interface Answering {
  alarm_id: number;
}
/**
 * Ways to reach people.
 */
export interface Contacts {
  contacts: Contact[];
}
/**
 * A way to reach somebody; of its address the scheme alone. `is_testing`: a test is on its way.
 */
export interface Contact {
  id: number;
  user_id: number;
  name: string;
  kind: string;
  label: string;
  scheme: string;
  created_us: number;
  is_testing: boolean;
  failing: Failing | null;
  last: LastAttempt | null;
}
/**
 * Since when a contact fails, how often in a row, and why.
 */
export interface Failing {
  since_us: number;
  failures: number;
  problem: string;
}
/**
 * What became of the last message.
 */
export interface LastAttempt {
  at_us: number;
  outcome: string;
  problem: string;
  took_ms: number;
  is_test: boolean;
}
/**
 * A way to reach somebody: an address as apprise writes it (of anybody), or this browser (one's own).
 */
export interface NewContact {
  label: string;
  user_id?: number | null;
  address?: string | null;
  subscription?: PushSubscription | null;
}
/**
 * A browser's subscription, as `PushSubscription.toJSON` gives it (W3C Push API).
 */
export interface PushSubscription {
  endpoint: string;
  keys: PushKeys;
}
/**
 * What a browser gives to encrypt for it: base64url.
 */
export interface PushKeys {
  p256dh: string;
  auth: string;
}
/**
 * The server's public key, as browsers want it (`applicationServerKey`), base64url.
 */
export interface PushKey {
  key: string;
}
/**
 * Who is on call.
 */
export interface Duties {
  on_call: Duty[];
}
/**
 * Somebody on call, as whom: 1 is told first. `can_be_reached`: there is a contact.
 */
export interface Duty {
  id: number;
  user_id: number;
  name: string;
  step: number;
  ward: string | null;
  from_us: number;
  to_us: number;
  can_be_reached: boolean;
}
/**
 * Who is to be on call, when, as whom, for one ward or all.
 */
export interface NewDuty {
  user_id: number;
  step: number;
  from_us: number;
  to_us: number;
  ward?: string | null;
}
/**
 * The delays.
 */
export interface Chains {
  chains: Chain[];
}
/**
 * After how many seconds each step is taken, counted from the one before; of a ward or of all.
 *
 * `is_default`: nobody has set it.
 */
export interface Chain {
  ward: string | null;
  priority: Priority;
  delays_s: number[];
  is_default: boolean;
}
/**
 * The delays of a ward or of all; an empty list tells nobody, null takes back what was set.
 */
export interface NewChain {
  priority: "high" | "low" | "medium";
  delays_s: number[] | null;
  ward?: string | null;
}
/**
 * What somebody signs in with.
 */
export interface Credentials {
  login: string;
  password: string;
  code?: string | null;
}
/**
 * A session as its pages know it; with recovery codes, this once, where signing in set up a second factor.
 */
export interface Session {
  user: User;
  csrf: string;
  recovery_codes: string[] | null;
}
/**
 * Who is signed in; `permissions` are those of the role, `wards` those he sees, ``None`` for all.
 */
export interface User {
  id: number;
  login: string;
  name: string;
  role: string;
  language: string;
  permissions: string[];
  wards: number[] | null;
}
/**
 * What somebody signs in with who must set up a second factor first.
 */
export interface Known {
  login: string;
  password: string;
}
/**
 * The session has ended; `leave_url` is where its owner signs out at the provider, too, by whose word it began.
 */
export interface SignedOut {
  leave_url: string | null;
}
/**
 * How people sign in here.
 */
export interface WaysIn {
  password: boolean;
  providers: Vouching[];
}
/**
 * A provider: its key in addresses, and what people call it.
 */
export interface Vouching {
  key: string;
  name: string;
}
/**
 * Where the page sends its browser; what it comes back with is for `/api/sign-in/{provider}/answer`.
 */
export interface WayThere {
  url: string;
}
/**
 * What a provider put into the address that it sent the browser back to.
 */
export interface Brought {
  state: string;
  code?: string | null;
  error?: string | null;
  iss?: string | null;
}
/**
 * All tokens.
 */
export interface Tokens {
  tokens: Token[];
}
/**
 * A token without its secret; times are UTC microseconds.
 */
export interface Token {
  id: number;
  name: string;
  scopes: string[];
  created_us: number;
  created_by: string;
  expires_us: number;
  used_us: number | null;
  revoked_us: number | null;
}
/**
 * What a token is for, what it may, and for how many days.
 */
export interface NewToken {
  name: string;
  /**
   * @minItems 1
   * @maxItems 6
   */
  scopes: Permission[];
  days?: number;
}
/**
 * A token as it is made: the secret is shown once, and kept as a hash only.
 */
export interface FreshToken {
  id: number;
  secret: string;
}
/**
 * All webhooks that are there.
 */
export interface Webhooks {
  webhooks: Webhook[];
}
/**
 * A webhook and how it does; times are UTC microseconds. `behind` counts what waits to be sent.
 */
export interface Webhook {
  id: number;
  name: string;
  url: string;
  kinds: string[];
  priorities: string[];
  created_us: number;
  created_by: string;
  sent_us: number | null;
  failing_us: number | null;
  failures: number;
  problem: string;
  try_again_us: number | null;
  behind: number;
}
/**
 * Where to send what; empty lists: all kinds of events, all priorities.
 */
export interface NewWebhook {
  name: string;
  url: string;
  /**
   * @maxItems 16
   */
  kinds?: (
    | "acknowledged"
    | "acknowledgement_undone"
    | "added"
    | "ended"
    | "escalated"
    | "handed_over"
    | "notified"
    | "passed_on"
    | "paused"
    | "raised"
    | "review_undone"
    | "reviewed"
    | "shown"
    | "silence_undone"
    | "silenced"
    | "suppressed"
  )[];
  /**
   * @maxItems 3
   */
  priorities?: ("high" | "low" | "medium")[];
}
/**
 * A webhook as it is made: its receiver needs the secret to know our messages, and it is shown once.
 */
export interface FreshWebhook {
  id: number;
  secret: string;
}
/**
 * One thing that happened to an alarm.
 *
 * `seq` is its number in the tenant's ledger: it only grows, and who asks for what comes after it misses nothing and
 * gets nothing twice. Numbers are missing where an entry is about something else.
 */
export interface FeedEntry {
  seq: number;
  kind: string;
  at_us: number;
  alarm: FeedAlarm;
  by: FeedPerson | null;
}
/**
 * Which alarm it is; times are UTC microseconds. Without a patient it is about the system itself.
 */
export interface FeedAlarm {
  id: number;
  patient_id: number | null;
  call: string;
  priority: string;
  family: string;
  late: boolean;
  onset_us: number;
  signal_us: number;
}
/**
 * Who did it.
 */
export interface FeedPerson {
  id: number;
  name: string;
}
/**
 * What the patient's page shows beside the signal.
 */
export interface PatientFacts {
  patient: PatientName;
  devices: Device[];
  limits: {
    [k: string]: {
      [k: string]: number;
    };
  };
  stored: StoredSpan | null;
}
/**
 * A device and what it last said; all ``None`` before it said anything.
 *
 * `description` is what it called itself when it was paired; `signal_us` is when any signal of it last came, by the
 * server's clock.
 */
export interface Device {
  id: string;
  description: string;
  online: boolean | null;
  battery_percent: number | null;
  wearable: string | null;
  firmware: string | null;
  outbox_frames: number | null;
  outbox_bytes_left: number | null;
  status_us: number | null;
  signal_us: number | null;
  revoked_us: number | null;
  link: Link | null;
}
/**
 * How a device's way to the server does.
 *
 * Attributes
 * ----------
 * last_contact_us : int
 * Last message of any kind.
 * clock_offset_us : int, optional
 * Server's clock less device's; ``None`` while unknown.
 * clock_drift_ppm, clock_drift_error_ppm : float, optional
 * How fast the offset grows, and the standard error; ``None`` for the first hour.
 * clock_jump_us, clock_jumped_us : int, optional
 * Last step of the device's clock, ahead or (negative) back, and when.
 * longest_silence_us, longest_silence_ended_us : int
 * Between two messages since the device started, and its end.
 * frames_expected, frames_received : int, optional
 * ECG frames recorded since the device started, as far as its numbers tell, and those that are stored.
 * hour_share : float, optional
 * Part of the last hour of which there is signal.
 */
export interface Link {
  last_contact_us: number;
  clock_offset_us: number | null;
  clock_drift_ppm: number | null;
  clock_drift_error_ppm: number | null;
  clock_jump_us: number | null;
  clock_jumped_us: number | null;
  longest_silence_us: number;
  longest_silence_ended_us: number | null;
  frames_expected: number | null;
  frames_received: number | null;
  hour_share: number | null;
}
/**
 * First and last frame, UTC microseconds.
 */
export interface StoredSpan {
  first_us: number;
  last_us: number;
}
/**
 * How much of each bucket of `bucket_s` there is ECG of, 0 to 1.
 */
export interface Coverage {
  from_us: number;
  bucket_s: number;
  coverage: number[];
}
/**
 * Heart rate variability by hour (doi:10.1161/01.CIR.93.5.1043), one element an hour that was counted.
 *
 * Attributes
 * ----------
 * hour_us : list of int
 * When each begins.
 * sdnn_ms, rmssd_ms, lf_ms2, hf_ms2 : list of float
 * ``None`` where too little of the hour is known.
 * coverage : list of float
 * Which part of the hour lies between normal beats, 0 to 1.
 * nn : list of int
 * Intervals between normal beats.
 */
export interface Variability {
  hour_us: number[];
  sdnn_ms: (number | null)[];
  rmssd_ms: (number | null)[];
  lf_ms2: (number | null)[];
  hf_ms2: (number | null)[];
  coverage: number[];
  nn: number[];
}
/**
 * Beats with the interval before each, seconds; one letter each in `label`.
 *
 * They are as the engine found them; `corrections` is what people said of them.
 */
export interface Beats {
  t_us: number[];
  rr_s: (number | null)[];
  label: string;
  corrections: BeatCorrection[];
}
/**
 * What a person said of a beat that stands: another label, that it is none, or that there is one.
 */
export interface BeatCorrection {
  id: number;
  t_us: number;
  kind: CorrectionKind;
  label: string | null;
  name: string;
  at_us: number;
}
/**
 * From when on which rhythm holds, as MIT-BIH databases call it; the first of a device may be before the stretch.
 *
 * `late`: of signal that came late; holds within it only.
 */
export interface Rhythms {
  t_us: number[];
  rhythm: string[];
  late: boolean[];
}
/**
 * Episodes that reach into a stretch, the newest first, and whether there are more.
 */
export interface Episodes {
  episodes: Episode[];
  more: boolean;
}
/**
 * A stretch of signal of which a call is true; `ended_us` is ``None`` while it lasts.
 */
export interface Episode {
  id: number;
  call: string;
  onset_us: number;
  ended_us: number | null;
  detail: {
    [k: string]: unknown;
  };
}
/**
 * A patient's alarms, the newest first, and whether there are older ones.
 */
export interface Alarms {
  alarms: Alarm[];
  more: boolean;
}
/**
 * What is to be paused, of a patient, a ward, or (sound only; neither) of all, for how long and why.
 *
 * `audio_paused`: 30 s to 10 min. `alarms_paused`: 1 to 30 min. `alarms_off`: 5 min to 24 h, of one patient, by a
 * physician, with a reason.
 */
export interface Pausing {
  kind: PauseKind;
  seconds: number;
  patient_id?: number | null;
  ward?: string | null;
  reason?: string;
}
/**
 * A pause: of a patient, of a ward, or (neither) of all; who began it and when, and until when it holds.
 */
export interface Pause {
  id: number;
  kind: PauseKind;
  patient_id: number | null;
  ward: string | null;
  name: string;
  at_us: number;
  until_us: number;
  reason: string;
  ended_us: number | null;
}
/**
 * Those who may sign in, then those who might; and the providers that there are.
 */
export interface People {
  people: Person[];
  issuers: Issuer[];
}
/**
 * Somebody who may sign in; `wards` are those he sees, ``None`` for all. Times are UTC microseconds.
 *
 * `issuers` are the OpenID providers that know him, by what they call themselves.
 */
export interface Person {
  id: number;
  login: string;
  name: string;
  role: string;
  language: string;
  disabled: boolean;
  created_us: number;
  seen_us: number | null;
  second_factor: boolean;
  wards: number[] | null;
  issuers: string[];
}
/**
 * An OpenID provider by which people sign in here; `links`: it connects people with users by their login.
 */
export interface Issuer {
  issuer: string;
  name: string;
  links: boolean;
}
/**
 * And by which name he signs in.
 */
export interface NewPerson {
  name: string;
  role: "admin" | "nurse" | "patient" | "physician" | "technician" | "tester";
  language?: "de" | "en" | "fr";
  wards?: number[] | null;
  login: string;
}
/**
 * Somebody with a new password, which is shown this once.
 */
export interface FreshPassword {
  person: Person;
  password: string;
}
/**
 * Roles whose password alone does not do; `available`: this server has a key to keep second factors by.
 */
export interface FactorRoles {
  roles: string[];
  available: boolean;
}
/**
 * Roles whose password alone is not to do.
 */
export interface FactorRolesWish {
  /**
   * @maxItems 6
   */
  roles: ("admin" | "nurse" | "patient" | "physician" | "technician" | "tester")[];
}
/**
 * What somebody is called, what he is, and which wards he sees; without `wards`: all.
 */
export interface Rights {
  name: string;
  role: "admin" | "nurse" | "patient" | "physician" | "technician" | "tester";
  language?: "de" | "en" | "fr";
  wards?: number[] | null;
}
/**
 * By name; `zone` is the hospital's.
 */
export interface Wards {
  zone: string;
  wards: WardRow[];
}
/**
 * A ward, how many patients it has, and how many people belong to it besides those who see all.
 */
export interface WardRow {
  id: number;
  name: string;
  zone: string;
  n_patients: number;
  n_members: number;
}
/**
 * In which zone the hospital lives (IANA name): what is no ward's is told in it.
 */
export interface HospitalWish {
  zone: string;
}
/**
 * What a ward is called, and in which zone its people live (IANA name).
 *
 * Without a zone a new ward is in the hospital's, and one that there is stays where it is.
 */
export interface WardWish {
  name: string;
  zone?: string | null;
}
/**
 * What is said of a beat: the engine's at exactly that time, or one that is added.
 */
export interface NewCorrection {
  t_us: number;
  kind: CorrectionKind;
  label?: string | null;
}
/**
 * A patient's notes, the newest first.
 */
export interface Notes {
  notes: Note[];
}
/**
 * A note as it stands; an empty text: it was taken back. `earlier` has what it said before, the newest first.
 *
 * `about_us` is the moment of the signal that it is about.
 */
export interface Note {
  id: number;
  text: string;
  about_us: number | null;
  name: string;
  at_us: number;
  earlier: NoteVersion[];
}
/**
 * A note as it was once.
 */
export interface NoteVersion {
  text: string;
  name: string;
  at_us: number;
}
/**
 * What somebody writes, about the patient or about a moment of the signal.
 */
export interface NewNote {
  text: string;
  about_us?: number | null;
}
/**
 * What a note is to say instead; empty: it is taken back.
 */
export interface CorrectedNote {
  text: string;
}
/**
 * A patient's own limits, and who changed what, the newest first.
 */
export interface Limits {
  limits: {
    [k: string]: {
      [k: string]: number;
    };
  };
  changes: LimitChange[];
}
/**
 * Who set which limit; a `value` of ``None`` is the catalogue's, as is one of `was`.
 */
export interface LimitChange {
  call: string;
  name: string;
  value: number | null;
  was: number | null;
  by: string;
  at_us: number;
}
/**
 * Limits by call and name; ``null``: the catalogue's again. What is not named stays.
 */
export interface NewLimits {
  limits: {
    [k: string]: {
      [k: string]: number | null;
    };
  };
}
/**
 * What a patient's heart and devices did, in buckets of whole minutes.
 *
 * Attributes
 * ----------
 * beats, supraventricular, ventricular : list of int
 * Beats, people's corrections counted; ``None`` where there is none.
 * corrected : int
 * How many corrections are counted.
 * af_share : list of float
 * Which part of each bucket lies in an episode of atrial fibrillation or flutter, 0 to 1.
 * battery_percent : list of int
 * As last said; ``None`` where nothing was said for a day.
 */
export interface Trends {
  from_us: number;
  bucket_s: number;
  beats: (number | null)[];
  supraventricular: (number | null)[];
  ventricular: (number | null)[];
  corrected: number;
  af_share: number[];
  battery_percent: (number | null)[];
}
/**
 * A rehearsal; times are UTC microseconds, `progress` is 0 to 1, `limits` all of the patient's own as tried.
 */
export interface Rehearsal {
  id: number;
  from_us: number;
  to_us: number;
  limits: {
    [k: string]: {
      [k: string]: number;
    };
  };
  state: RehearsalState;
  progress: number;
  failed: string | null;
  result: RehearsalOutcome | null;
}
/**
 * What the tried limits change; the lists hold the first of each, what would be lost before the rest.
 */
export interface RehearsalOutcome {
  engine: string;
  signal_us: number;
  calls: CallOutcome[];
  saved: ListedAlarm[];
  added: ListedAlarm[];
}
/**
 * What the tried limits change of one call: see `Rehearsal`.
 *
 * `rang` alarms were raised then; the engine, run again, raises `now` with the patient's limits and `tried` with those
 * tried: `saved` of the first are not among the second, `added` the other way. Of those saved, `saved_true`,
 * `saved_false` and `saved_unsure` were so reviewed, and `lost` were true and nothing else would ring about that
 * moment. `not_repeated` of those that rang are not raised again: there were other limits then, or another engine.
 */
export interface CallOutcome {
  call: string;
  rang: number;
  now: number;
  tried: number;
  saved: number;
  added: number;
  saved_true: number;
  saved_false: number;
  saved_unsure: number;
  lost: number;
  not_repeated: number;
}
/**
 * One of them; `alarm_id` is what rang then, `still` the call that would ring about that moment.
 */
export interface ListedAlarm {
  call: string;
  device_id: string;
  onset_us: number;
  end_us: number | null;
  alarm_id: number | null;
  verdict: Verdict | null;
  note: string;
  reviewer: string | null;
  still: string | null;
}
/**
 * Which limits are to be tried, by call and name (``null``: the catalogue's), on how many of the last days.
 */
export interface AskedRehearsal {
  limits: {
    [k: string]: {
      [k: string]: number | null;
    };
  };
  days?: number;
}
/**
 * A patient's last reports, the newest first.
 */
export interface ReportJobs {
  reports: ReportJob[];
}
/**
 * A report that was asked for; times are UTC microseconds, `progress` is 0 to 1.
 */
export interface ReportJob {
  id: number;
  asked_us: number;
  by: string;
  from_us: number;
  to_us: number;
  language: string;
  zone: string;
  progress: number;
  made_us: number | null;
  failed: string | null;
  state: ReportState;
}
/**
 * Which time (UTC microseconds), and in which language; times are said in the zone of the patient's ward.
 */
export interface AskedReport {
  from_us: number;
  to_us: number;
  language?: string;
}
/**
 * The first of those that wait, and how many wait in all.
 */
export interface Queue {
  waiting: Waiting[];
  n: number;
}
/**
 * An alarm that nobody has judged; times are UTC microseconds.
 *
 * Attributes
 * ----------
 * bpm, amplitude_mv : float, optional
 * Rate and height of the beats in the ten seconds after the onset.
 * group : int
 * Number of the first alarm of those that are alike; they stand one after the other.
 */
export interface Waiting {
  alarm_id: number;
  patient_id: number;
  name: string;
  ward: string;
  call: string;
  priority: Priority;
  onset_us: number;
  end_us: number | null;
  late: boolean;
  detail: {
    [k: string]: number | string;
  };
  confidence: number | null;
  bpm: number | null;
  amplitude_mv: number | null;
  group: number;
}
/**
 * Alarms that were judged, or wait again.
 */
export interface Judged {
  alarm_ids: number[];
}
/**
 * What these alarms were.
 */
export interface Judging {
  /**
   * @minItems 1
   * @maxItems 100
   */
  alarm_ids: number[];
  verdict: Verdict;
  note?: string;
}
/**
 * Which alarms are to wait again.
 */
export interface TakingBack {
  /**
   * @minItems 1
   * @maxItems 100
   */
  alarm_ids: number[];
}
/**
 * Alarms of some days: those that a person was told, without those that a greater one hid.
 *
 * The days are those of `zone`, the ward's or the hospital's; each alarm's shift is by the clock of its own ward.
 */
export interface AlarmNumbers {
  from_us: number;
  to_us: number;
  zone: string;
  wards: string[];
  n: number;
  calls: CallNumbers[];
  patients: PatientNumbers[];
  shifts: ShiftNumbers[];
  limits: LimitNumbers[];
}
/**
 * One call's alarms: how reviewed, how many were acknowledged, and after how many seconds half of those were.
 */
export interface CallNumbers {
  call: string;
  n: number;
  n_true: number;
  n_false: number;
  n_unsure: number;
  n_acknowledged: number;
  median_s: number | null;
}
/**
 * One of the patients with most alarms, and the call that was most of them.
 */
export interface PatientNumbers {
  patient_id: number;
  name: string;
  ward: string;
  n: number;
  n_true: number;
  n_false: number;
  most: string;
}
/**
 * A shift, all days together: ``early`` from 6 h, ``late`` from 14 h, ``night`` from 22 h, in that zone.
 */
export interface ShiftNumbers {
  shift: "early" | "late" | "night";
  high: number;
  medium: number;
  low: number;
  n_true: number;
  n_false: number;
}
/**
 * One of the limits that rang most: its `name`, its `value` now, and whether that is the patient's own.
 */
export interface LimitNumbers {
  patient_id: number;
  patient: string;
  ward: string;
  call: string;
  name: string;
  value: number;
  unit: string;
  is_own: boolean;
  n: number;
  n_true: number;
  n_false: number;
  suggestion: Suggestion | null;
}
/**
 * Another limit: how many `of` the rings it would have silenced, and how many that were true would still ring.
 */
export interface Suggestion {
  value: number;
  silences: number;
  of: number;
  still_true: number;
}
/**
 * What is stored, and for how long. `room` is ``None`` until the compactor has looked.
 */
export interface StorageNow {
  room: RoomNow | null;
  policies: Policy[];
  holds: Hold[];
  grace_hours: number;
}
/**
 * The last look at the disk, UTC microseconds, and what it says.
 *
 * `free_bytes` is ``None`` where the database is on another machine; `growth_bytes_day` until there is a quarter of
 * a day to go by; `days_left` where it does not grow, too.
 */
export interface RoomNow {
  at_us: number;
  bytes: number;
  free_bytes: number | null;
  growth_bytes_day: number | null;
  days_left: number | null;
  parts: Part[];
}
/**
 * What one kind of data takes on the disk.
 */
export interface Part {
  name: string;
  bytes: number;
}
/**
 * How long a kind of data is kept: `keep_days`, ``None`` for ever; of dead letters the newest `keep_rows`.
 *
 * `oldest_us` is the oldest that there is, where it is the tenant's.
 */
export interface Policy {
  kind: "alarms" | "beats" | "dead_letters" | "ecg";
  keep_days: number | null;
  keep_rows: number | null;
  effective_us: number | null;
  set_by: string | null;
  oldest_us: number | null;
}
/**
 * A patient of whom nothing is dropped.
 */
export interface Hold {
  patient_id: number;
  name: string;
  why: string;
  by: string;
  at_us: number;
}
/**
 * For how many days it is kept; ``None``: for ever.
 */
export interface NewPolicy {
  keep_days: number | null;
}
/**
 * Why nothing of a patient may be dropped.
 */
export interface NewHold {
  why: string;
}
/**
 * The newest first, and whether there is more: the next page is that `before` the last id.
 */
export interface Trail {
  entries: Entry[];
  more: boolean;
}
/**
 * Something that somebody, or a patient's own device, did or saw.
 */
export interface Entry {
  id: number;
  at_us: number;
  user_id: number | null;
  name: string | null;
  role: string | null;
  action: string;
  patient_id: number | null;
  patient: string | null;
  device: string | null;
  detail: {
    [k: string]: unknown;
  };
}
/**
 * The last used first.
 */
export interface OpenSessions {
  sessions: OpenSession[];
}
/**
 * Where somebody is signed in, since when, by what; `is_this` is the one that asks.
 */
export interface OpenSession {
  id: number;
  user_id: number;
  name: string;
  login: string;
  role: string;
  begun_us: number;
  seen_us: number;
  expires_us: number;
  address: string;
  agent: string;
  method: string;
  is_this: boolean;
}
/**
 * All that the ward's page shows but the waves; `zones` of wards by name, the hospital's under the empty one.
 */
export interface Ward {
  kind: "ward";
  now_us: number;
  database_live: boolean;
  services: Services;
  patients: PatientNow[];
  alarms: Alarm[];
  pauses: Pause[];
  hand_overs: HandOver[];
  canary: CanaryNow;
  zones: {
    [k: string]: string;
  };
}
/**
 * What stands between the patients and this page; `notifier` stands between it and people elsewhere.
 *
 * A hospital may have no notifier: one of which there never was a sign is ``None``.
 */
export interface Services {
  ingest: ServiceState;
  analytics: ServiceState;
  broker: ServiceState;
  notifier: ServiceState | null;
}
/**
 * Whether a service lives, and its last sign of life.
 */
export interface ServiceState {
  live: boolean;
  at_us: number | null;
}
/**
 * One tile of the ward; times are UTC microseconds by the server's clock, `last_sample_us` by the device's.
 */
export interface PatientNow {
  id: number;
  name: string;
  ward: string;
  hr_bpm: number | null;
  quality: "flat" | "good" | "lead_off" | "noise" | "railed" | "unknown";
  last_sample_us: number | null;
  last_received_us: number | null;
  analysed_until_us: number | null;
  battery_percent: number | null;
  online: boolean | null;
  nurse: Named | null;
  ward_id: number | null;
}
/**
 * Whether and when an alarm last came through from a wearable to an acknowledgement.
 *
 * `stages` are those of the last run that is over; `failed_stage` is the one that it did not reach.
 */
export interface CanaryNow {
  state: CanaryState;
  proven_us: number | null;
  failed_stage: Stage | null;
  stages: StageTime[];
}
/**
 * A stage that was reached, and its time since the one before; of two machines' clocks it may be negative.
 */
export interface StageTime {
  stage: Stage;
  ms: number;
}
/**
 * A call of the catalogue.
 *
 * `implies`: the lesser calls that it hides while it lasts; those that they hide are not all among them. `limits` by
 * name.
 */
export interface CallInfo {
  code: string;
  names: CallNames;
  priority: Priority;
  family: Family;
  latching: boolean;
  implies: string[];
  limits: {
    [k: string]: CallLimit;
  };
}
/**
 * What it is called, by language.
 */
export interface CallNames {
  en: string;
  fr: string;
  de: string;
}
/**
 * A limit of a call; a patient may have one of his own between `low` and `high`.
 */
export interface CallLimit {
  default: number;
  low: number;
  high: number;
  unit: string;
}
/**
 * How the server itself is.
 */
export interface Health {
  ok: boolean;
  database: Reached;
  broker: Reached;
}
/**
 * Whether something that the server needs is there.
 */
export interface Reached {
  live: boolean;
  seconds?: number | null;
}
/**
 * The body of every refused request.
 */
export interface Refusal {
  error: Problem;
}
/**
 * Why a request was refused: a code of `dashboard.errors`, and its numbers.
 */
export interface Problem {
  code: string;
  params: {
    [k: string]: number | string;
  };
}
