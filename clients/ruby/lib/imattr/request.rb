# frozen_string_literal: true

require "json"
require_relative "clock"

module IMAttr
  # One line to the daemon, from the moment it is made until it is answered or given up, over as many connections as that
  # takes. The exchange's lock guards what changes.
  class Request
    # How long after the deadline the daemon's own answer, which says more, is waited for.
    GRACE = 1

    # The call that waits for it.
    attr_reader :call
    attr_reader :deadline
    # Which of a call's requests it is.
    attr_accessor :index
    # Where it is in flight, and its id there; nil while it waits to be sent.
    attr_accessor :connection, :id
    # When it may be sent again; nil if it need not wait for that.
    attr_accessor :resume_at

    # +text+ is the line up to what differs each time it is sent. The block makes a value of the result, and raises
    # ProtocolError if it has another shape.
    def initialize(call, text, deadline, timed: false, recover: nil, &read)
      @call = call
      @text = text
      @deadline = deadline
      @timed = timed
      @recover = recover
      @read = read
      @ended = false
    end

    def self.plain(call, method, params, deadline, &read)
      text = "{\"jsonrpc\":\"2.0\",\"method\":#{JSON.generate(method)}"
      text << ",\"params\":" << params if params
      new(call, text << ",\"id\":", deadline, &read)
    end

    # With +partial+, errors that are about accounts end as a value, in which all accounts have failed.
    def self.get_attrs(call, accounts, max_age, partial, deadline)
      text = "{\"jsonrpc\":\"2.0\",\"method\":\"getAttrs\",\"params\":{\"To_Account\":#{JSON.generate(accounts)}"
      text << ",\"maxAgeMs\":" << (max_age * 1000).round.to_s if max_age
      text << ",\"partial\":true" if partial
      recover = ->(error) { AttrsAnswer::AllFailed.of(accounts, error) } if partial
      new(call, text << ",\"timeoutMs\":", deadline, timed: true, recover:) { |result| AttrsAnswer.new(result, partial:) }
    end

    def line
      return "#{@text}#{id}}\n" unless @timed

      left = ((deadline - Clock.now) * 1000).ceil.clamp(1..)
      "#{@text}#{left}},\"id\":#{id}}\n"
    end

    def ended? = @ended

    # When something has to be done for it, if no answer comes.
    def due
      return [resume_at, deadline].min if resume_at
      return deadline unless connection

      deadline + GRACE
    end

    # Takes the result; may raise ProtocolError.
    def succeed(result)
      @value = @read.call(result)
      @ended = true
    end

    # What the caller gets: the value, or else the error is raised.
    def outcome
      return @value unless @error

      @recover&.call(@error) || raise(@error)
    end

    def fail(error)
      @error = error
      @ended = true
    end
  end
end
