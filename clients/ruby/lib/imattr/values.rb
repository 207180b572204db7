# frozen_string_literal: true

module IMAttr
  # An account and its attributes: a Hash in Tencent's order, with all digits of integers. In a stream +attrs+ is nil if
  # Tencent did not answer the account, and then +error_code+ and +error_info+ are what it said of it, if anything.
  User = Struct.new(:account, :attrs, :error_code, :error_info) do
    def missing? = attrs.nil?
  end

  # What Tencent said of an account that it did not answer; code and info can be nil.
  AccountError = Struct.new(:account, :error_code, :error_info)

  # What get_attrs returns: +user_attrs+, a User for each account that Tencent answered; +missing+, the other accounts;
  # both in the order of the accounts' first mention; +error_list+, an AccountError each, or nil if there was no list.
  Result = Struct.new(:user_attrs, :missing, :error_list)
end
