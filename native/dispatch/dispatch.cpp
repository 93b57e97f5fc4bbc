#include "dispatch.h"

#include <cstdlib>

#include "../include/status.h"
#include "compose.h"
#include "cpu.h"
#include "targets.h"

namespace kairank {
namespace {

constexpr int kTargets = 5;
constexpr Target kAllTargets[kTargets] = {Target::scalar, Target::neon, Target::avx2, Target::avx512, Target::amx};

uint32_t requiredFeatures(Target target) {
  switch (target) {
    case Target::scalar: return 0;
    case Target::neon: return kNeonFeatures;
    case Target::avx2: return kAvx2Features;
    case Target::avx512: return kAvx512Features;
    case Target::amx: break;
  }
  return kAmxFeatures;
}

bool isAvailable(Target target) {
  const uint32_t required = requiredFeatures(target);
  return isCompiled(target) && (cpuFeatures() & required) == required;
}

/// All that is decided once: the environment read, the target chosen, a table for every available target.
struct Dispatch {
  std::string requested;
  Target active = Target::scalar;
  KernelTable tables[kTargets] = {};

  Dispatch() {
    const char* forced = std::getenv("KAIRANK_TARGET");
    if (forced != nullptr) requested = forced;
    Target limit = Target::amx;
    for (const Target target : kAllTargets) {
      if (requested == targetName(target)) limit = target;
    }
    for (const Target target : kAllTargets) {
      if (!isAvailable(target)) continue;
      tables[static_cast<int>(target)] = composeTable(target);
      if (target <= limit) active = target;
    }
  }
};

const Dispatch& dispatch() {
  // Never destroyed: pool threads may still score while the process exits.
  static const Dispatch& chosen = *new Dispatch;
  return chosen;
}

}  // namespace

const char* targetName(Target target) {
  switch (target) {
    case Target::scalar: return "scalar";
    case Target::neon: return "neon";
    case Target::avx2: return "avx2";
    case Target::avx512: return "avx512";
    case Target::amx: break;
  }
  return "amx";
}

const KernelTable& kernels() {
  static const KernelTable& active = kernelsOf(activeTarget());
  return active;
}

Target activeTarget() { return dispatch().active; }

std::vector<Target> availableTargets() {
  std::vector<Target> targets;
  for (const Target target : kAllTargets) {
    if (isAvailable(target)) targets.push_back(target);
  }
  return targets;
}

std::vector<Target> compiledTargets() {
  std::vector<Target> targets;
  for (const Target target : kAllTargets) {
    if (isCompiled(target)) targets.push_back(target);
  }
  return targets;
}

const KernelTable& kernelsOf(Target target) {
  if (!isAvailable(target)) {
    throw Error(Status::invalidArgument, std::string("The target ") + targetName(target) + " cannot run on this CPU.");
  }
  return dispatch().tables[static_cast<int>(target)];
}

const std::string& requestedTarget() { return dispatch().requested; }

std::string cpuName() { return cpuBrand(); }

}  // namespace kairank
