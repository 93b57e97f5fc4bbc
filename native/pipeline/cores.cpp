#include "cores.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace kairank {

namespace {

/// Cores that a cgroup's quota amounts to, rounded up; 0 where there is none.
unsigned quotaCores() {
#ifdef __linux__
  double quota = 0;
  double period = 0;
  std::ifstream unified("/sys/fs/cgroup/cpu.max");
  if (unified) {
    std::string most;
    if (!(unified >> most >> period) || most == "max") return 0;
    quota = std::strtod(most.c_str(), nullptr);
  } else {
    std::ifstream quotaFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream periodFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (!(quotaFile >> quota) || !(periodFile >> period)) return 0;
  }
  if (!(quota > 0) || !(period > 0)) return 0;
  return static_cast<unsigned>(std::max(1.0, (quota + period - 1) / period));
#else
  return 0;
#endif
}

unsigned affinityCores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
#endif
  return std::thread::hardware_concurrency();
}

}  // namespace

unsigned allowedCores() {
  const unsigned cores = std::max(1u, affinityCores());
  const unsigned quota = quotaCores();
  return quota == 0 ? cores : std::min(cores, quota);
}

unsigned poolThreads() {
  const char* asked = std::getenv("KAIRANK_THREADS");
  if (asked && *asked) {
    char* end = nullptr;
    const unsigned long threads = std::strtoul(asked, &end, 10);
    if (*end == '\0' && threads >= 1 && threads <= 1024) return static_cast<unsigned>(threads);
  }
  return std::max(1u, allowedCores() - 1);
}

}  // namespace kairank
