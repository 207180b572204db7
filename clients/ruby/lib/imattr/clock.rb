# frozen_string_literal: true

module IMAttr
  # Seconds that only go forward.
  module Clock
    def self.now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
