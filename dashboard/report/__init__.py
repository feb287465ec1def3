"""One scenario and its answer as files people pass on: each builder turns a Report into bytes."""
