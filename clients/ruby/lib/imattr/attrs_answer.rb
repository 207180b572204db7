# frozen_string_literal: true

require_relative "errors"
require_relative "values"

module IMAttr
  # The result of one getAttrs.
  class AttrsAnswer
    # As in Result.
    attr_reader :user_attrs, :missing, :error_list

    # Raises ProtocolError if the result has another shape.
    def initialize(result)
      expect result.is_a?(Hash)
      @user_attrs = list(result["UserAttrs"]).map { |entry| user(entry) }
      @missing = list(result["missing"]).each { |account| expect account.is_a?(String) }
      @error_list = list(result["ErrorList"]).map { |entry| account_error(entry) } if result.key?("ErrorList")
    end

    # One Result of several answers. In one answer an account occurs once; over several, the first mention counts.
    def self.merged(answers)
      return Result.new(answers[0].user_attrs, answers[0].missing, answers[0].error_list) if answers.size == 1

      seen = {}
      first = ->(account) { !seen.key?(account) && (seen[account] = true) }
      result = Result.new([], [], nil)
      answers.each do |answer|
        result.user_attrs.concat(answer.user_attrs.select { |user| first[user.account] })
        result.missing.concat(answer.missing.select(&first))
        result.error_list = (result.error_list || []) + answer.error_list if answer.error_list
      end
      result
    end

    # A User for each account, as a stream yields them.
    def each(&block)
      @user_attrs.each(&block)
      reasons = (@error_list || []).to_h { |error| [error.account, error] }
      @missing.each do |account|
        reason = reasons[account]
        block.call(User.new(account, nil, reason&.error_code, reason&.error_info))
      end
    end

    private

    def user(entry)
      expect entry.is_a?(Hash) && entry["To_Account"].is_a?(String) && entry["Attrs"].is_a?(Hash)
      User.new(entry["To_Account"], entry["Attrs"])
    end

    def account_error(entry)
      expect entry.is_a?(Hash) && entry["To_Account"].is_a?(String)
      AccountError.new(entry["To_Account"], entry["ErrorCode"], entry["ErrorInfo"])
    end

    def list(value)
      expect value.is_a?(Array)
      value
    end

    def expect(fits)
      raise ProtocolError, "an answer to getAttrs of another shape" unless fits
    end
  end
end
