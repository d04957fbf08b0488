// Which of several replicas this one is: a number, or the one at the end of a StatefulSet pod's name.
#pragma once

#include "config/config.h"
#include "config/load.h"
#include "config/values.h"

namespace exporter::config {

/// Without either option one shard of one. What is wrong is appended to `mistakes`, those of `values`; then
/// the result means nothing.
[[nodiscard]] Shard read_shard(const Values& values, const Environment& environment,
                               const base::MistakeLines& mistakes);

}  // namespace exporter::config
