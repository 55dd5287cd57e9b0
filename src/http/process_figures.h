// What the system says of this process, by the names that every Prometheus client gives it.
#pragma once

#include "http/metric_families.h"

namespace longhand::http {

/// `process_*`: processor time, memory, descriptors, start. Those that /proc doesn't tell are left out.
void add_process_figures(MetricFamilies& families);

}  // namespace longhand::http
