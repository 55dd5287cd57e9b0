// How many of the measured values fell below which bounds, and what they add up to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace longhand {

/// A plain value; whoever owns it guards it.
class Histogram {
public:
    /// `bounds` ascend; a value that equals one counts as below it.
    explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

    void observe(double value) {
        const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
        ++counts_[static_cast<std::size_t>(at)];
        ++count_;
        sum_ += value;
    }

    const std::vector<double>& bounds() const { return bounds_; }
    /// Of each interval by itself, the one past the last bound included.
    const std::vector<std::uint64_t>& counts() const { return counts_; }
    std::uint64_t count() const { return count_; }
    double sum() const { return sum_; }

private:
    std::vector<double> bounds_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

}  // namespace longhand
