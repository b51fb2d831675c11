export { RefusedBlock } from "./refused-block.js";
export { startRecorder, type Recorder, type RecorderOptions } from "./recorder.js";
