# frozen_string_literal: true

module IMAttr
  # Checks what a program gives to a client. Each method returns the value as the client goes on with it.
  module Arguments
    BATCH = (1..10_000)
    TIMEOUT = (0.001..600)
    MAX_AGE = (0..3600)
    IN_FLIGHT = (1..10_000)

    module_function

    # What gives out accounts. One account is not many.
    def accounts(value)
      return value if value.respond_to?(:each) && !value.is_a?(Hash)

      raise InvalidArgument, "accounts is #{value.inspect[0, 80]}, no Array or Enumerable of Strings"
    end

    # The daemon's socket: text, or what is a path, as a Pathname is.
    def path(value)
      text = value.respond_to?(:to_path) ? value.to_path : value
      return text if text.is_a?(String) && !text.empty? && !text.include?("\0")

      raise InvalidArgument, "path is #{value.inspect[0, 80]}, no path of a socket"
    end

    def partial(value)
      return value if [true, false].include?(value)

      raise InvalidArgument, "partial is #{value.inspect[0, 80]}, not true or false"
    end

    def method_name(value)
      return value.to_s if value.is_a?(String) || value.is_a?(Symbol)

      raise InvalidArgument, "method is #{value.inspect[0, 80]}, no String or Symbol"
    end

    # An account as text in UTF-8.
    def account(value, index)
      problem =
        if !value.is_a?(String)
          "no String"
        elsif !(text = utf8(value))
          "no text in UTF-8"
        elsif !text.bytesize.between?(1, 255)
          "#{text.bytesize} bytes long, not 1 to 255"
        end
      return text unless problem

      raise InvalidArgument.new("accounts[#{index}] is #{problem}: #{value.inspect[0, 80]}", index:)
    end

    # Text without an encoding, as from a socket, is taken to be UTF-8.
    def utf8(text)
      text = text.encoding == Encoding::BINARY ? text.dup.force_encoding(Encoding::UTF_8) : text.encode(Encoding::UTF_8)
      text if text.valid_encoding?
    rescue EncodingError
      nil
    end

    def timeout(seconds) = within("timeout", seconds, TIMEOUT, " s")
    def max_age(seconds) = seconds && within("max_age", seconds, MAX_AGE, " s")
    def batch(accounts) = integer("batch", accounts, BATCH)
    def in_flight(requests) = integer("in_flight", requests, IN_FLIGHT)

    def within(name, value, range, unit = "")
      return value if value.is_a?(Numeric) && value.real? && range.cover?(value)

      raise InvalidArgument, "#{name} is #{value.inspect}, not from #{range.begin} to #{range.end}#{unit}"
    end

    def integer(name, value, range)
      raise InvalidArgument, "#{name} is #{value.inspect}, no Integer" unless value.is_a?(Integer)

      within(name, value, range)
    end
  end
end
