export { startRecorder, type Recorder, type RecorderOptions } from "./recorder.js";
