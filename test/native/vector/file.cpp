// Files of indexes: what is saved comes back, a save that fails changes nothing, and a bad block is told.

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "../../../native/include/status.h"
#include "../../../native/vector/crc32c.h"
#include "altered.h"
#include "shapes.h"
#include "temporary.h"
#include "vectors.h"

using namespace kairank;
using namespace vectors;
using temporary::Folder;
using temporary::readAll;
using temporary::writeAll;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void testChecksum() {
  // RFC 3720, appendix B.4.
  const std::string zeros(32, '\0'), ones(32, '\xFF');
  CHECK(crc32c("123456789", 9) == 0xE3069283u);
  CHECK(crc32c(zeros.data(), 32) == 0x8A9136AAu);
  CHECK(crc32c(ones.data(), 32) == 0x62A8AB43u);
  CHECK(crc32c(nullptr, 0) == 0);
  Random random(1);
  std::string bytes(300, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  for (size_t begin = 0; begin < 20; begin++) {
    for (size_t size = 0; begin + size <= bytes.size(); size += 1 + size / 8) {
      const char* from = bytes.data() + begin;
      uint32_t slow = 0xFFFFFFFFu;
      for (size_t i = 0; i < size; i++) {
        slow ^= static_cast<unsigned char>(from[i]);
        for (int bit = 0; bit < 8; bit++) slow = slow & 1 ? (slow >> 1) ^ 0x82F63B78u : slow >> 1;
      }
      CHECK(crc32c(from, size) == ~slow);
      CHECK(crc32cByTables(from, size) == ~slow);
      CHECK(crc32cByTables(from + size / 3, size - size / 3, crc32c(from, size / 3)) == ~slow);
    }
  }
}

void checkEqual(const SearchHits& left, const SearchHits& right, const std::string& words) {
  CHECK_THAT(left.scores == right.scores && left.numbers == right.numbers && left.texts == right.texts, words);
  CHECK_THAT(left.path == right.path && left.ef == right.ef && left.underfilled == right.underfilled, words);
}

void checkSame(const Pair& pair, const VectorIndex& opened, Random& random, const std::string& words) {
  const uint32_t dim = opened.settings().dim;
  CHECK_THAT(opened.size() == pair.oracle.items.size(), words);
  const std::vector<float> queries = normals(random, 6 * dim);
  for (size_t q = 0; q < 6; q++) {
    const float* query = queries.data() + q * dim;
    for (const SearchPath path : {SearchPath::exact, SearchPath::graph}) {
      checkEqual(search(*pair.index, query, 10, path, 60), search(opened, query, 10, path, 60), words);
    }
  }
  std::vector<float> before(dim), after(dim);
  for (uint32_t id = 0; id < 700; id++) {
    const KeyList key = keysOf(pair.strings, {id});
    const bool there = pair.oracle.items.count(id) > 0;
    CHECK_THAT(opened.has(key, 0) == there && opened.get(key, 0, after.data()) == there, words << " id " << id);
    if (!there) continue;
    pair.index->get(key, 0, before.data());
    CHECK_THAT(before == after, words << " id " << id);
  }
}

void testRoundTrips() {
  Folder folder;
  Random random(2);
  for (const Shape& shape : shapes()) {
    const std::string path = folder.file("index");
    Pair pair = filled(shape, random);
    saveIndex(*pair.index, path);
    CHECK(folder.files() == 1);
    for (const bool all : {false, true}) {
      Pair opened(shape.settings, shape.strings);
      opened.index = openIndex(path, all);
      opened.oracle = pair.oracle;
      CHECK(opened.index->stringIds() == shape.strings);
      checkSame(pair, *opened.index, random, shape.name + ", opened");

      // It goes on as any index does.
      const uint32_t dim = shape.settings.dim;
      const std::vector<float> query = normals(random, dim);
      const std::shared_ptr<Selection> selection = opened.index->select(keysOf(shape.strings, range(0, 100)));
      CHECK(selection->size() == 75);
      opened.put(range(560, 140), normals(random, 140 * dim), 2);
      CHECK(opened.remove(range(0, 20)) == 20);
      CHECK(selection->size() == 55);
      checkExact(opened, query.data(), 700, search(*opened.index, query.data(), 700, SearchPath::exact), shape.name);
      opened.remove(range(60, 530));  // the graph is mended, and places are used again
      opened.put(range(1000, 300), normals(random, 300 * dim), 2);
      checkExact(opened, query.data(), 700, search(*opened.index, query.data(), 700, SearchPath::exact), shape.name);

      const std::string other = folder.file("other");
      saveIndex(*opened.index, other);
      Pair again(shape.settings, shape.strings);
      again.index = openIndex(other, true);
      again.oracle = opened.oracle;
      checkSame(opened, *again.index, random, shape.name + ", opened again");
      std::filesystem::remove(other);
    }
    // Over the file that it was opened from.
    Pair twice(shape.settings, shape.strings);
    twice.index = openIndex(path, false);
    twice.oracle = pair.oracle;
    twice.put({5000}, normals(random, shape.settings.dim));
    saveIndex(*twice.index, path);
    saveIndex(*twice.index, path);
    checkSame(twice, *openIndex(path, true), random, shape.name + ", in place");
  }
}

void testEmpty() {
  Folder folder;
  Random random(3);
  for (const bool graph : {true, false}) {
    for (const bool strings : {true, false}) {
      IndexSettings settings;
      settings.dim = 5;
      settings.graph = graph;
      Pair pair(settings, strings);
      for (int rows = 0; rows < 3; rows++) {
        saveIndex(*pair.index, folder.file("few"));
        Pair opened(settings, strings);
        opened.index = openIndex(folder.file("few"), rows % 2 == 0);
        opened.oracle = pair.oracle;
        const std::vector<float> query = normals(random, 5);
        checkExact(opened, query.data(), 3, search(*opened.index, query.data(), 3, SearchPath::automatic), "few");
        opened.put({9}, normals(random, 5));
        checkExact(opened, query.data(), 3, search(*opened.index, query.data(), 3, SearchPath::automatic), "one more");
        pair.put({static_cast<uint32_t>(rows)}, normals(random, 5));
      }
      pair.remove(range(0, 3));
      saveIndex(*pair.index, folder.file("few"));
      CHECK(openIndex(folder.file("few"), true)->size() == 0);
    }
  }
}

/// What was measured is there again: a search for a recall takes the same ef.
void testCalibration() {
  Folder folder;
  Random random(4);
  Pair pair = filled(shapes()[0], random);
  SearchOptions options;
  options.recall = .95f;
  options.path = SearchPath::graph;
  const std::vector<float> query = normals(random, 18);
  const uint32_t ef = pair.index->search(query.data(), 1, options, 1).front().ef;
  const std::vector<CalibrationPoint> points = pair.index->calibrate({});
  saveIndex(*pair.index, folder.file("index"));
  const std::shared_ptr<VectorIndex> opened = openIndex(folder.file("index"), true);
  CHECK(opened->search(query.data(), 1, options, 1).front().ef == ef);
  const std::vector<CalibrationPoint> after = opened->calibrate({});
  CHECK(after.size() == points.size());
  for (size_t i = 0; i < std::min(points.size(), after.size()); i++) {
    CHECK(after[i].ef == points[i].ef && after[i].recall == points[i].recall);
  }
}

void testRefusals() {
  Folder folder;
  Random random(5);
  const std::string path = folder.file("index");
  const auto statusOf = [&](const std::string& bytes) {
    writeAll(path, bytes);
    const Error error = refusal([&] { openIndex(path, false); });
    CHECK_THAT(contains(error.what(), path), error.what());
    return error.status();
  };
  CHECK(statusOf("") == Status::corruptFile);
  CHECK(statusOf("nothing of the kind") == Status::corruptFile);
  CHECK(statusOf(std::string(100000, 'x')) == Status::corruptFile);
  std::filesystem::remove(path);
  CHECK(refusal([&] { openIndex(path, false); }).status() == Status::io);
  CHECK(refusal([&] { openIndex(folder.file(""), false); }).status() == Status::io);

  Pair pair = filled(shapes()[0], random);
  saveIndex(*pair.index, path);
  const std::string good = readAll(path);
  CHECK(statusOf(good.substr(0, 4095)) == Status::corruptFile);
  CHECK(statusOf(good.substr(0, good.size() - 1)) == Status::corruptFile);
  CHECK(statusOf(good + "x") == Status::corruptFile);
  std::string newer = good;
  newer[offsetof(FileHeader, version)]++;
  altered::seal(newer);
  CHECK(statusOf(newer) == Status::unsupportedFormat);
}

/// A save that fails leaves what was there, and nothing else.
void testFailedSaves() {
  Folder folder;
  Random random(6);
  Pair pair = filled(shapes()[0], random);
  const std::string path = folder.file("index");
  saveIndex(*pair.index, path);
  const std::string before = readAll(path);
  pair.put(range(2000, 100), normals(random, 100 * 18));

  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{before.size() / 2, limit.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const Error error = refusal([&] { saveIndex(*pair.index, path); });
  setrlimit(RLIMIT_FSIZE, &limit);
  CHECK(error.status() == Status::io && contains(error.what(), path));
  CHECK(readAll(path) == before && folder.files() == 1);

  std::filesystem::create_directories(folder.file("folder"));
  CHECK(refusal([&] { saveIndex(*pair.index, folder.file("folder")); }).status() == Status::io);
  CHECK(refusal([&] { saveIndex(*pair.index, folder.file("none/index")); }).status() == Status::io);
  CHECK(folder.files() == 2);
  saveIndex(*pair.index, path);
  CHECK(openIndex(path, true)->size() == pair.oracle.items.size());
}

/// Each section in turn has one bad byte: the index is opened, and refuses every call once the block was read.
void testBadBlocks() {
  Folder folder;
  Random random(7);
  for (const size_t shape : {0, 4}) {
    Pair pair = filled(shapes()[shape], random);
    const std::string path = folder.file("index");
    saveIndex(*pair.index, path);
    const std::string good = readAll(path);
    const FileHeader header = altered::headerOf(good);
    for (size_t s = 0; s < kSections; s++) {
      const SectionPlace& place = header.sections[s];
      if (place.bytes == 0) continue;
      std::string bad = good;
      bad[place.offset + random.below(place.bytes)] ^= 1;
      writeAll(path, bad);
      const std::string name = sectionName(static_cast<Section>(s));
      const Error atOnce = refusal([&] { openIndex(path, true); });
      CHECK_THAT(
          atOnce.status() == Status::corruptFile && contains(atOnce.what(), name) && contains(atOnce.what(), path),
          name << ": " << atOnce.what());
      std::shared_ptr<VectorIndex> index;
      const Error early = refusal([&] { index = openIndex(path, false); });
      if (!index) {
        CHECK_THAT(early.status() == Status::corruptFile && contains(early.what(), name), name);
        continue;
      }
      const std::vector<float> query = normals(random, 18);
      const KeyList key = keysOf(pair.strings, {1});
      std::vector<float> vector(18);
      Control control;
      const auto searchIt = [&] { search(*index, query.data(), 5, SearchPath::automatic); };
      for (int i = 0; i < 5000 && refusal(searchIt).status() == Status::ok; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      const std::vector<Error> refusals = {
          refusal(searchIt),
          refusal([&] { index->has(key, 0); }),
          refusal([&] { index->get(key, 0, vector.data()); }),
          refusal([&] { index->select(key); }),
          refusal([&] { index->put(key, query.data(), 1, control); }),
          refusal([&] { index->remove(key, 1); }),
          refusal([&] { index->calibrate({}); }),
          refusal([&] { saveIndex(*index, folder.file("copy")); }),
      };
      for (const Error& error : refusals) {
        CHECK_THAT(error.status() == Status::corruptFile, name << ": " << error.what());
        CHECK_THAT(contains(error.what(), name) && contains(error.what(), path), name << ": " << error.what());
      }
      CHECK(folder.files() == 1);
    }
  }
}

}  // namespace

int main() {
  check::test("checksums", testChecksum);
  check::test("round trips", testRoundTrips);
  check::test("few rows", testEmpty);
  check::test("calibration", testCalibration);
  check::test("what is refused", testRefusals);
  check::test("saves that fail", testFailedSaves);
  check::test("bad blocks", testBadBlocks);
  return check::finish();
}
