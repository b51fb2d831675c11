const { TestEnvironment } = require("jest-environment-node");

/**
 * The environment of tests that run models in ONNX: its arrays of float32 are those of the process. What the runtime gives is made outside of the realm that Jest
 * gives each file, and the runtime would not know its own numbers within.
 */
class NativeArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.Float32Array = Float32Array;
  }
}

module.exports = NativeArraysEnvironment;
