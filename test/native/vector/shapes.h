#pragma once
// Indexes of every kind that a file can hold.

#include <string>
#include <vector>

#include "vectors.h"

namespace vectors {

struct Shape {
  IndexSettings settings;
  bool strings;
  std::string name;
};

inline std::vector<Shape> shapes() {
  std::vector<Shape> out;
  for (const Metric metric : {Metric::dot, Metric::cosine, Metric::l2}) {
    for (const Storage storage : {Storage::f32, Storage::bf16, Storage::int8}) {
      for (const Codes codes : {Codes::int4, Codes::int8}) {
        for (const bool graph : {true, false}) {
          Shape shape{};
          shape.settings.dim = 18;
          shape.settings.m = 6;
          shape.settings.efConstruction = 40;
          shape.settings.metric = metric;
          shape.settings.storage = storage;
          shape.settings.codes = codes;
          shape.settings.graph = graph;
          shape.strings = out.size() % 3 != 0;
          shape.name = "shape " + std::to_string(out.size());
          out.push_back(shape);
        }
      }
    }
  }
  return out;
}

/// 600 rows, some of them removed and some replaced, none of which is out of the graph yet.
inline Pair filled(const Shape& shape, Random& random) {
  const uint32_t dim = shape.settings.dim;
  Pair pair(shape.settings, shape.strings);
  pair.put(range(0, 600), normals(random, 600 * dim));
  pair.remove(range(30, 25));
  pair.put(range(100, 40), normals(random, 40 * dim));
  return pair;
}

}  // namespace vectors
