// The kinds of wearables that are known, those to be preferred first.

import { heartRate } from "./heart_rate";
import { polarH10 } from "./polar_h10";
import type { Wearable } from "./wearable";

export const KINDS: readonly Wearable[] = [polarH10, heartRate];
