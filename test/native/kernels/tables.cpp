#include "tables.h"

#include "../../../native/dispatch/dispatch.h"

std::vector<NamedTable> tables() {
  std::vector<NamedTable> all;
  for (const kairank::Target target : kairank::availableTargets()) {
    all.push_back({kairank::targetName(target), kairank::kernelsOf(target)});
  }
  return all;
}
