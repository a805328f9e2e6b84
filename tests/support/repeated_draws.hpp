// Whether standard errors are those of repeated draws: differences from the truth in units of them.
#pragma once

#include <cmath>

#include "support/catch.hpp"

namespace testing {

/// Of one number or of some alike, estimated with many seeds, from 16 replicates each.
class RepeatedDraws {
 public:
  /// `unseen` bounds the difference of an estimate without any error.
  void add(double difference, double error, double unseen = 0) {
    if (!(error > 1e-12)) {
      CHECK(std::abs(difference) <= unseen);
      return;
    }
    const double z = difference / error;
    sum_ += z;
    squares_ += z * z;
    count_ += 1;
  }

  /// The square of Student's t with 15 degrees of freedom has the mean 15/13 and the deviation 1.85; means may be off
  /// by four standard errors. Numbers of one draw depend on one another.
  void check(int seeds) const {
    CAPTURE(count_);
    CHECK(count_ >= seeds);
    CHECK(squares_ / count_ > 0.4);
    CHECK(squares_ / count_ < 15.0 / 13 + 4 * 1.85 / std::sqrt(seeds));
    CHECK(std::abs(sum_ / count_) < 4 * std::sqrt(15.0 / 13 / seeds));
  }

 private:
  double sum_ = 0, squares_ = 0, count_ = 0;
};

}  // namespace testing
