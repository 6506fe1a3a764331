package main

import (
	"math/bits"
	"time"
)

// A histogram counts durations of up to an hour to within 1/128 of their value,
// as HdrHistogram does: each power of two has 128 buckets.
type histogram struct {
	counts [1 << 13]int
	total  int
	max    time.Duration
}

const (
	precision = 7                    // bits of a value that are kept
	exact     = 1 << (precision + 1) // values below have a bucket each
)

func bucketOf(value uint64) int {
	if value < exact {
		return int(value)
	}
	shift := bits.Len64(value) - precision - 1
	return shift<<precision + int(value>>shift)
}

// highestOf is the largest value of a bucket.
func highestOf(bucket int) uint64 {
	if bucket < exact {
		return uint64(bucket)
	}
	shift := bucket>>precision - 1
	return uint64(bucket-shift<<precision+1)<<shift - 1
}

func (h *histogram) record(duration time.Duration) {
	if duration < 0 {
		duration = 0
	}
	if duration > time.Hour {
		duration = time.Hour
	}
	h.counts[bucketOf(uint64(duration))]++
	h.total++
	if duration > h.max {
		h.max = duration
	}
}

// percentile is the duration that this share of all does not exceed.
func (h *histogram) percentile(percent float64) time.Duration {
	wanted := int(float64(h.total)*percent/100 + 0.5)
	for bucket, seen := 0, 0; bucket < len(h.counts); bucket++ {
		if seen += h.counts[bucket]; seen >= wanted && seen > 0 {
			if highest := time.Duration(highestOf(bucket)); highest < h.max {
				return highest
			}
			break
		}
	}
	return h.max
}
