#pragma once
// Chooses the kernels of the running CPU, once. KAIRANK_TARGET forces a target; it is clamped to what the CPU has.

#include <string>
#include <vector>

#include "../kernels/table.h"

namespace kairank {

enum class Target { scalar, neon, avx2, avx512, amx };

const char* targetName(Target target);

/// The table of the active target: every entry is set, the best one at or below the target.
const KernelTable& kernels();

/// The target in use, after clamping.
Target activeTarget();

/// Targets this binary contains and this CPU can run, worst to best. Never empty: scalar is always there.
std::vector<Target> availableTargets();

/// Targets compiled into this binary, whether this CPU can run them or not.
std::vector<Target> compiledTargets();

/// The table of one available target; throws Error(invalidArgument) for one that cannot run here.
const KernelTable& kernelsOf(Target target);

/// What KAIRANK_TARGET asked for, empty when unset; an unknown name is ignored and reported here as it came.
const std::string& requestedTarget();

/// The CPU's own name, for benches and `kairank doctor`.
std::string cpuName();

}  // namespace kairank
