// What the pages ask about the ledger: dashboard/ledger.py.

import { getJson, post } from "./http";
import type { LedgerNow, Story } from "./schema";

export type { Check as LedgerCheck, Finding, LedgerNow, Step as StoryStep, Story } from "./schema";

export const getStory = (alarmId: number, abort?: AbortSignal) => getJson<Story>(`/api/alarms/${alarmId}/story`, abort);

export const getLedger = (abort?: AbortSignal) => getJson<LedgerNow>("/api/ledger", abort);

export const beginCheck = () => post<LedgerNow>("/api/ledger/checks");
