// `--demo`: a simulated organization inside the process, polled through the real client.
#pragma once

#include "config/config.h"

#include <memory>

namespace exporter::demo {
class SimulatedDatadog;
}

namespace exporter::app {

/// Serves the simulated organization for as long as it lives. Does nothing unless `config.demo` asks for it.
class Demo {
  public:
    /// Starts the server and makes it the one organization of `config`.
    explicit Demo(config::Config& config);
    Demo(const Demo&) = delete;
    Demo& operator=(const Demo&) = delete;
    ~Demo();

  private:
    std::unique_ptr<demo::SimulatedDatadog> server_;
};

}  // namespace exporter::app
