# frozen_string_literal: true

module IMAttr
  # What one thread or fiber waits for: some requests. The exchange's lock guards it.
  class Call
    # Requests that have not ended, and those that have and were not taken yet, in the order in which they ended.
    attr_reader :open, :ended
    # Whether a thread of its own waits for it.
    attr_accessor :pumped

    def initialize
      @open = []
      @ended = []
      @pumped = false
    end

    # When something has to be done for it, if no answer comes.
    def due = @open.map(&:due).min

    # Waits until another thread wakes the call, or until the time.
    def sleep(lock, time)
      @sleeping = Thread::ConditionVariable.new
      Interrupts.allowed { @sleeping.wait(lock, [time - Clock.now, 0].max) }
    ensure
      @sleeping = nil
    end

    def wake = @sleeping&.signal
  end
end
