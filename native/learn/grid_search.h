#pragma once
// Choosing settings one after another, each from a small grid.

#include <algorithm>
#include <vector>

#include "../include/control.h"

namespace kairank {

/// One setting and the values that are tried for it, ascending.
template <typename Settings>
struct Axis {
  std::vector<double> values;
  double* (*of)(Settings&);
};

/// Calls attempt(settings) for what `best` begins with, then for the values of each axis, then once more for the
/// neighbours of what was found: the first axes were chosen while the last were still at their defaults. `attempt`
/// keeps `best` up to date, and advances `control` by one each time.
template <typename Settings, typename Attempt>
void searchGrid(const std::vector<Axis<Settings>>& axes, Settings& best, Control& control, const Attempt& attempt) {
  size_t steps = 1;
  for (const Axis<Settings>& axis : axes) steps += axis.values.size() + 2;
  control.begin(static_cast<double>(steps));
  attempt(Settings(best));
  const auto attemptAt = [&](Settings settings, const Axis<Settings>& axis, double value) {
    *axis.of(settings) = value;
    attempt(settings);
  };
  for (const Axis<Settings>& axis : axes) {
    const Settings from = best;
    for (double value : axis.values) attemptAt(from, axis, value);
  }
  for (const Axis<Settings>& axis : axes) {
    const Settings from = best;
    const auto here = std::lower_bound(axis.values.begin(), axis.values.end(), *axis.of(best));
    if (here != axis.values.begin()) attemptAt(from, axis, *(here - 1));
    if (here != axis.values.end() && here + 1 != axis.values.end()) attemptAt(from, axis, *(here + 1));
  }
}

}  // namespace kairank
