#pragma once
// The tables under test: those of the targets this CPU runs, or in the emulated build those of AVX-512 and AMX.

#include <string>
#include <vector>

#include "../../../native/kernels/table.h"

struct NamedTable {
  std::string name;
  kairank::KernelTable table;
};

std::vector<NamedTable> tables();
