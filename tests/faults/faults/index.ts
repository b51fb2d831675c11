import { cutNetwork } from "./cut-network.js";
import { delayNetwork } from "./delay-network.js";
import type { Fault } from "./fault.js";
import { killAnyBroker } from "./kill-broker.js";
import { killCollector } from "./kill-collector.js";
import { killCoordinator } from "./kill-coordinator.js";
import { killLeader } from "./kill-leader.js";
import { killRecorder } from "./kill-recorder.js";
import { killScorer } from "./kill-scorer.js";
import { pauseBroker } from "./pause-broker.js";
import { restartScorers } from "./restart-scorers.js";
import { skewClock } from "./skew-clock.js";
import { slowDisk } from "./slow-disk.js";
import { zombieScorer } from "./zombie-scorer.js";

/** All kinds of faults. */
export const FAULTS: readonly Fault[] = [
  killScorer,
  zombieScorer,
  restartScorers,
  cutNetwork,
  delayNetwork,
  skewClock,
  killRecorder,
  killCollector,
  killAnyBroker,
  pauseBroker,
  slowDisk,
  killLeader,
  killCoordinator,
];
