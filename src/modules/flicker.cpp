// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "modules/flicker.hpp"
#include "modules/measured_modules.hpp"
#include "modules/measured_outputs.hpp"

namespace halfcycle::modules {
namespace {

constexpr auto kIds =
    pick_quantities<[](const QuantityInfo& row) { return is_in(row, QuantityGroup::Flicker); }>();
constexpr auto kOutputs = measured_outputs(kIds, false, graph::Retain::No);

constexpr std::array<std::string_view, 3> kLamps{"by frequency", "230 V", "120 V"};
constexpr std::array kSetup{graph::SetupSpec{
    .name = "Lamp Type",
    .cls = graph::RegisterClass::Enumerated,
    .choices = kLamps,
    .help = "Lamp of the low-voltage network served; by frequency: 120 V in 60 Hz "
            "systems, 230 V in others. A change takes effect when the meter starts"}};

}  // namespace

constinit const graph::ModuleType kFlicker{
    .name = "Flicker",
    .doc =
        "Flicker severity of V1, V2 and V3 (IEC 61000-4-15, class F1): Pst over the 10 minutes "
        "that "
        "end at each 10-minute tick of UTC, Plt over the two hours that end at each even hour, and "
        "the sliding Plt of the latest twelve Pst.\n\nPlt is the cube root of the mean of the "
        "cubes. A Pst that a dip, swell or interruption touched is flagged, and every Plt that "
        "holds it. The first Pst after a start or a gap is not complete: the filters have to "
        "settle "
        "for 20 s. The instantaneous sensation, `V1 Pinst`, is with the Power Meter. V1, V2 and V3 "
        "are line-to-neutral in wye and single-phase systems, line-to-line in delta.",
    .outputs = kOutputs,
    .setup = kSetup,
    .tick = graph::Tick::TenMinute,
    .setup_resets = false,
    .max_instances = 1};

}  // namespace halfcycle::modules
