#pragma once
// The kernels of each target. A target sets the entries it has; the others keep what a lesser target set.

#include "../kernels/table.h"
#include "dispatch.h"

namespace kairank {

/// Whether the target was compiled into this binary.
bool isCompiled(Target target);

/// The table of a compiled target: the entries of every compiled target up to it, worst to best.
KernelTable composeTable(Target target);

}  // namespace kairank
