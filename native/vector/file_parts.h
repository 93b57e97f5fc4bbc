#pragma once
// The one class that sees the inside of an index, in order to save and to open it.

#include <memory>
#include <string>
#include <vector>

#include "file.h"
#include "file_layout.h"
#include "file_order.h"

namespace kairank {

class OpenedFile;
class SectionWriter;

class IndexFile {
 public:
  static void save(const VectorIndex& index, const std::string& path);
  static std::shared_ptr<VectorIndex> open(const std::string& path, Verification verification);

 private:
  /// What a file will be, while the writers of the index wait.
  struct Plan {
    FileOrder order;
    std::vector<CalibrationPoint> points;
    FileHeader header;
  };

  static Plan plan(const VectorIndex& index);
  static void describe(const VectorIndex& index, Plan& plan);
  static void writeRows(const VectorIndex& index, const Plan& plan, SectionWriter& out);
  static void writeLinks(const VectorIndex& index, const Plan& plan, SectionWriter& out);
  static void writeIds(const VectorIndex& index, const Plan& plan, SectionWriter& out);

  static void loadRows(VectorIndex& index, OpenedFile& file);
  static void loadIds(VectorIndex& index, OpenedFile& file);
  static void restoreBits(VectorIndex& index, const OpenedFile& file);
  static void askForHubs(const VectorIndex& index, const OpenedFile& file);
  static void restoreCalibration(VectorIndex& index, const OpenedFile& file);
};

}  // namespace kairank
