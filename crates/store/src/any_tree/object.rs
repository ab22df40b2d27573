//! [`object!`]: makes a trait of objects from a list of a type's methods.

/// Makes a sealed, object-safe trait with methods of a type that is generic over the hasher, N and
/// MAX_DEPTH, and implements the trait for that type. The list states each method's signature once:
/// the method calls the type's method of the same name. A method behind `move` takes a handle by
/// value in the type and by reference in the trait, and is called on a clone.
macro_rules! object {
    (
        $(#[$attribute:meta])*
        $Object:ident of $Type:ident {
            $(fn $method:ident$(<$life:lifetime>)?(
                & $($borrow:lifetime)? $self:ident $(, $argument:ident: $type:ty)*
            ) -> $output:ty;)*
            $(move fn $taking:ident(&$handle:ident) -> $taken:ty;)*
        }
    ) => {
        $(#[$attribute])*
        pub trait $Object: sealed::Sealed + fmt::Debug + Send + Sync {
            /// N.
            fn arity(&self) -> usize;
            $(
                #[doc = concat!("[`", stringify!($Type), "::", stringify!($method), "`].")]
                fn $method$(<$life>)?(
                    & $($borrow)? $self $(, $argument: $type)*
                ) -> $output;
            )*
            $(
                #[doc = concat!("[`", stringify!($Type), "::", stringify!($taking), "`], ")]
                #[doc = "for this handle and all others."]
                fn $taking(&$handle) -> $taken;
            )*
        }

        impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> sealed::Sealed
            for $Type<H, N, MAX_DEPTH>
        {
        }

        impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> $Object for $Type<H, N, MAX_DEPTH> {
            fn arity(&self) -> usize {
                N
            }
            $(
                fn $method$(<$life>)?(
                    & $($borrow)? $self $(, $argument: $type)*
                ) -> $output {
                    $Type::$method($self $(, $argument)*)
                }
            )*
            $(
                fn $taking(&$handle) -> $taken {
                    $Type::$taking($handle.clone())
                }
            )*
        }
    };
}

pub(super) use object;
